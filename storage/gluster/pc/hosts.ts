import { readFile, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'

/** What is ours in a hosts file stands between these. */
const [BEGIN, END] = ['# PCs of the room: begin', '# PCs of the room: end']
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/

export interface Address {
  readonly name: string
  readonly address: string
}

/** The text of a hosts file with these names in the place of those that were ours before. Pure. */
export function withAddresses(text: string, addresses: readonly Address[]): string {
  const lines = text.split('\n')
  const [begin, end] = [lines.indexOf(BEGIN), lines.indexOf(END)]
  const others = begin >= 0 && end > begin ? [...lines.slice(0, begin), ...lines.slice(end + 1)] : lines
  const ours = addresses
    .filter(({ name, address }) => NAME.test(name) && isIP(address) > 0)
    .map(({ name, address }) => `${address} ${name}`)
    .sort()
  return [BEGIN, ...ours, END, ...others].join('\n')
}

/** Writes the names into a hosts file, in place, since it may be a mount of its own. They stand first: the first counts. */
export async function writeHosts(path: string, addresses: readonly Address[]): Promise<void> {
  const before = await readFile(path, 'utf8')
  const after = withAddresses(before, addresses)
  if (after !== before) await writeFile(path, after)
}
