import { isIPv4 } from 'node:net'

/**
 * The interfaces of this PC behind which these IPv4 addresses are, as its table of routes says (`/proc/net/route`): a
 * bridge of all its pods, or one for each pod, as the network of the cluster has it. Sorted; each once.
 */
export function interfacesOf(addresses: readonly string[], table: string): string[] {
  const routes = table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [name = '', network = '', , , , , , mask = ''] = line.trim().split(/\s+/)
      return NAME.test(name) && WORD.test(network) && WORD.test(mask)
        ? [{ name, network: Number.parseInt(network, 16), mask: Number.parseInt(mask, 16) }]
        : []
    })
  const found = addresses
    .filter((address) => isIPv4(address))
    .flatMap((address) => {
      const word = asWord(address)
      const leading = routes.filter(({ network, mask }) => (word & mask) >>> 0 === network)
      const longest = leading.toSorted((a, b) => bits(b.mask) - bits(a.mask))[0]
      // By the way out of the PC no pod of it is reached.
      return longest && longest.mask !== 0 ? [longest.name] : []
    })
  return [...new Set(found)].toSorted()
}

/** The kernel writes addresses as words of this machine, and every machine that we run on begins with the last byte. */
const asWord = (address: string): number =>
  address.split('.').reduceRight((word, byte) => ((word << 8) | Number(byte)) >>> 0, 0)

const bits = (mask: number): number => mask.toString(2).replaceAll('0', '').length

const WORD = /^[0-9A-F]{8}$/
/** A name that nft takes between quotes, and that is no pattern there. */
const NAME = /^[A-Za-z0-9_.-]{1,15}$/
