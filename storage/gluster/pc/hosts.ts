import { readFile, writeFile } from 'node:fs/promises'
import { hostLines, type PcAddress } from '../../pc-addresses.ts'

/** What is ours in a hosts file stands between these. */
const [BEGIN, END] = ['# PCs of the room: begin', '# PCs of the room: end']

/**
 * The text of a hosts file with these names in the place of those that were ours before. Nobody else names these PCs in it:
 * Debian writes 127.0.1.1 for a PC's own name, by which the others would not find it. Pure.
 */
export function withAddresses(text: string, pcs: readonly PcAddress[]): string {
  const lines = text.split('\n')
  const [begin, end] = [lines.indexOf(BEGIN), lines.indexOf(END)]
  const others = begin >= 0 && end > begin ? [...lines.slice(0, begin), ...lines.slice(end + 1)] : lines
  const names = new Set(pcs.map(({ name }) => name))
  return [BEGIN, ...hostLines(pcs), END, ...others.flatMap((line) => without(names, line))].join('\n')
}

/** A line of a hosts file without those names; none where no name is left. */
function without(names: ReadonlySet<string>, line: string): string[] {
  const words = line.trim().split(/\s+/)
  if (line.startsWith('#') || !words.some((word) => names.has(word))) return [line]
  const left = words.filter((word) => !names.has(word))
  return left.length > 1 ? [left.join(' ')] : []
}

/** Writes the names into a hosts file, in place, since it may be a mount of its own. They stand first: the first counts. */
export async function writeHosts(path: string, pcs: readonly PcAddress[]): Promise<void> {
  const before = await readFile(path, 'utf8')
  const after = withAddresses(before, pcs)
  if (after !== before) await writeFile(path, after)
}
