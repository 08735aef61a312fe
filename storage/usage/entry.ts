/** Something on a disk that is no folder, as the walk meets it. */
export interface Entry {
  /** As find(1) names types: `f` a file, `l` a link, and so on. */
  readonly type: string
  /** What it takes on the disk. */
  readonly taken: number
  /** Names that it has. */
  readonly links: number
  /** Permission bits, octal, as find(1) writes them. */
  readonly mode: string
  /** What it says of itself; of a file with holes, more than it takes. */
  readonly size: number
  /** Whole seconds since 1970. */
  readonly mtime: number
  /** Below the beginning of the walk. Bytes: a name need not be text. */
  readonly path: Buffer
}

/** What find(1) is asked to write of each, with a byte of zero at the end. */
export const FORMAT = '%y %b %n %m %s %T@ %P\\0'

const BLOCK = 512
const SPACE = 0x20

/** One of these, without the zero; undefined for what find(1) never writes. */
export function readEntry(bytes: Buffer): Entry | undefined {
  const words: string[] = []
  let at = 0
  while (words.length < 6) {
    const end = bytes.indexOf(SPACE, at)
    if (end < 0) return undefined
    words.push(bytes.toString('latin1', at, end))
    at = end + 1
  }
  const [type = '', blocks, links, mode = '', size, mtime] = words
  const numbers = [blocks, links, size, mtime].map(Number)
  if (at >= bytes.length || numbers.some(Number.isNaN)) return undefined
  const [taken = 0, names = 1, length = 0, changed = 0] = numbers
  return {
    type,
    taken: taken * BLOCK,
    links: names,
    mode,
    size: length,
    mtime: Math.floor(changed),
    path: bytes.subarray(at),
  }
}

/** Takes a stream of them apart, whatever pieces it comes in. */
export function* entriesIn(pieces: { rest: Buffer }, piece: Buffer): Generator<Entry> {
  const all = pieces.rest.length === 0 ? piece : Buffer.concat([pieces.rest, piece])
  let at = 0
  for (let end = all.indexOf(0, at); end >= 0; end = all.indexOf(0, at)) {
    const entry = readEntry(all.subarray(at, end))
    if (entry !== undefined) yield entry
    at = end + 1
  }
  // A copy: the piece itself is large, and would stay with its last few bytes.
  pieces.rest = Buffer.from(all.subarray(at))
}
