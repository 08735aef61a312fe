import { isIP } from 'node:net'

/**
 * What the first bytes of a connection say in the PROXY protocol (versions 1 and 2), by which a load balancer tells
 * who is behind it. `more`: too few bytes yet. `header`: it is whole, `length` bytes long; no `address` when the
 * balancer speaks for itself, as in its health checks.
 */
export type ProxyHeader =
  | { readonly state: 'more' }
  | { readonly state: 'bad'; readonly why: string }
  | { readonly state: 'header'; readonly length: number; readonly address?: string }

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const LONGEST_V1 = 107
const HEAD_V2 = 16
/** Addresses and a few notes; the protocol would allow 64 KiB. */
const LONGEST_V2 = 1_024

export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const start = bytes.subarray(0, SIGNATURE.length)
  if (start.equals(SIGNATURE)) return second(bytes)
  const one = bytes.subarray(0, 6).toString('latin1')
  if (one === 'PROXY ') return first(bytes)
  const begun = SIGNATURE.subarray(0, bytes.length).equals(bytes) || 'PROXY '.startsWith(one)
  return begun ? { state: 'more' } : bad('it does not begin with a PROXY header')
}

const bad = (why: string): ProxyHeader => ({ state: 'bad', why })

function first(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, LONGEST_V1).indexOf('\r\n')
  if (end < 0) return bytes.length < LONGEST_V1 ? { state: 'more' } : bad('its line has no end')
  const [, family, source = ''] = bytes.subarray(0, end).toString('latin1').split(' ')
  const length = end + 2
  if (family === 'UNKNOWN') return { state: 'header', length }
  const wanted = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : undefined
  if (wanted === undefined || isIP(source) !== wanted) return bad('its line names no address')
  return { state: 'header', length, address: source }
}

function second(bytes: Buffer): ProxyHeader {
  if (bytes.length < HEAD_V2) return { state: 'more' }
  const [command = 0, family = 0] = bytes.subarray(12, 14)
  const length = HEAD_V2 + bytes.readUInt16BE(14)
  if (command >> 4 !== 2) return bad('its version is not 2')
  if (length > LONGEST_V2) return bad('it is too long')
  if (bytes.length < length) return { state: 'more' }
  const local = (command & 0xf) === 0
  if (local) return { state: 'header', length }
  const body = bytes.subarray(HEAD_V2, length)
  if (family === 0x11 && body.length >= 12) {
    return { state: 'header', length, address: [...body.subarray(0, 4)].join('.') }
  }
  if (family === 0x21 && body.length >= 36) {
    const groups = Array.from({ length: 8 }, (_, index) => body.readUInt16BE(index * 2).toString(16))
    return { state: 'header', length, address: groups.join(':') }
  }
  return bad('its addresses are of no kind that is known')
}
