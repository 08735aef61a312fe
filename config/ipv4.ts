import { z } from 'zod'

/** IPv4 networks as `192.0.2.0/24`. The forms were seen by the schema. */

/** A network, or with the length 32 one address. */
export const NETWORK = z.regexes.cidrv4

/** An address with the length of its network: from 8 to 30. */
export const ADDRESS_IN_NETWORK = new RegExp(`(?=.*/([89]|[12]\\d|30)$)${z.regexes.cidrv4.source}`)

interface Network {
  readonly first: number
  readonly length: number
}

const maskOf = (length: number): number => (length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0)

function read(text: string): Network {
  const [address = '', length = '32'] = text.split('/')
  const value = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)
  return { first: (value & maskOf(Number(length))) >>> 0, length: Number(length) }
}

/** The network that an address of it, with its length, is in: `192.0.2.0/24` for `192.0.2.10/24`. */
export function networkOf(text: string): string {
  const { first, length } = read(text)
  return `${[24, 16, 8, 0].map((bits) => (first >>> bits) & 255).join('.')}/${length}`
}

/** Networks of which no PC has an address: this one, loopback, link-local, multicast and what is reserved above. */
const NO_PC = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3']

/** Whether one machine or Service may have the address, whatever its network. */
export const isOfOne = (address: string): boolean => !NO_PC.some((network) => lies(`${address}/32`, network))

/** Whether a PC of that network may have the address: neither its first nor its last, nor one that no PC has. */
export function isOfPc(text: string): boolean {
  const [address = ''] = text.split('/')
  const { first, length } = read(text)
  const own = read(address).first
  const last = (first | ~maskOf(length)) >>> 0
  return own !== first && own !== last && isOfOne(address)
}

/** Whether it is written by its first address, as Kubernetes and nftables want it: `192.0.2.0/24`. */
export const isWhole = (network: string): boolean => networkOf(network) === network

/** Whether all of the inner network lies in the outer one. */
export function lies(inner: string, outer: string): boolean {
  const [small, large] = [read(inner), read(outer)]
  return small.length >= large.length && (small.first & maskOf(large.length)) >>> 0 === large.first
}
