import { readFile, writeFile } from 'node:fs/promises'
import { hostLines, type PcAddress } from '../../pc-addresses.ts'

/** What is ours in a hosts file stands between these. */
const [BEGIN, END] = ['# PCs of the room: begin', '# PCs of the room: end']

/** The text of a hosts file with these names in the place of those that were ours before. Pure. */
export function withAddresses(text: string, pcs: readonly PcAddress[]): string {
  const lines = text.split('\n')
  const [begin, end] = [lines.indexOf(BEGIN), lines.indexOf(END)]
  const others = begin >= 0 && end > begin ? [...lines.slice(0, begin), ...lines.slice(end + 1)] : lines
  return [BEGIN, ...hostLines(pcs), END, ...others].join('\n')
}

/** Writes the names into a hosts file, in place, since it may be a mount of its own. They stand first: the first counts. */
export async function writeHosts(path: string, pcs: readonly PcAddress[]): Promise<void> {
  const before = await readFile(path, 'utf8')
  const after = withAddresses(before, pcs)
  if (after !== before) await writeFile(path, after)
}
