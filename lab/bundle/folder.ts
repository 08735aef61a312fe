import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { isOfBundle, MAKING, SUMS, sumsText } from './contents.ts'
import { filesIn, readSums, sumOf } from './sums.ts'

/** The folder of a bundle while it is filled. Its list of sums goes before anything changes, and comes last. */
export interface BundleFolder {
  readonly path: string
  /** Whether that file is there as it was when the list was made. */
  has(file: string): boolean
  /** The file as it is there already. */
  keep(file: string): void
  /** A file of this machine; `moved`, where nobody else needs it. */
  lay(file: string, from: string, how?: 'copied' | 'moved'): Promise<void>
  write(file: string, text: string): void
  /** Removes what was not named, and writes the list; resolves with whether anything changed, and how large it is. */
  finish(): Filled
}

export interface Filled {
  /** How many files are others than before. */
  readonly changed: number
  readonly files: number
  readonly bytes: number
}

/** Why that folder is not filled; undefined where it may be. */
export function refuseFolder(path: string): string | undefined {
  if (!existsSync(path) || existsSync(join(path, SUMS)) || existsSync(join(path, MAKING))) return undefined
  const taken = filesIn(path).find(isOfBundle)
  return taken === undefined
    ? undefined
    : `${path} has ${taken}, and no ${SUMS}: it is no bundle, so nothing in it is written over. Name another folder`
}

/** @param known sums of what is there, where it was looked at and is whole */
export function openFolder(path: string, known: ReadonlyMap<string, string>): BundleFolder {
  const sums = new Map<string, string>()
  let changed = 0
  const change = (): void => {
    if (changed++ > 0) return
    mkdirSync(path, { recursive: true })
    writeFileSync(join(path, MAKING), '')
    rmSync(join(path, SUMS), { force: true })
  }
  const has = (file: string): boolean => known.has(file) && existsSync(join(path, file))
  const place = (file: string, sum: string, put: (to: string) => void): void => {
    sums.set(file, sum)
    if (has(file) && known.get(file) === sum) return
    change()
    const to = join(path, file)
    mkdirSync(dirname(to), { recursive: true })
    put(`${to}.new`)
    chmodSync(`${to}.new`, /^(bin|cni)\/|\/install\.sh$/.test(file) ? 0o755 : 0o644)
    renameSync(`${to}.new`, to)
  }
  const move = (from: string, to: string): void => {
    try {
      renameSync(from, to)
    } catch {
      // On another disk.
      copyFileSync(from, to)
    }
  }
  return {
    path,
    has,
    keep(file) {
      sums.set(file, known.get(file) ?? '')
    },
    async lay(file, from, how = 'copied') {
      place(file, await sumOf(from), (to) => (how === 'moved' ? move(from, to) : copyFileSync(from, to)))
    },
    write(file, text) {
      const sum = createHash('sha256').update(text).digest('hex')
      place(file, sum, (to) => writeFileSync(to, text))
    },
    finish() {
      for (const file of filesIn(path)) {
        if (sums.has(file) || !isOfBundle(file.replace(/\.new$/, ''))) continue
        change()
        rmSync(join(path, file))
      }
      const text = sumsText(sums)
      const list = join(path, SUMS)
      if (!existsSync(list) || readFileSync(list, 'utf8') !== text) {
        change()
        writeFileSync(`${list}.new`, text)
        renameSync(`${list}.new`, list)
      }
      rmSync(join(path, MAKING), { force: true })
      const bytes = [...sums.keys()].reduce((sum, file) => sum + statSync(join(path, file)).size, 0)
      return { changed, bytes, files: sums.size }
    },
  }
}

/** Sums that can be relied on: of a bundle that was whole when it was looked at. */
export const knownSums = (path: string, fault: string | undefined): ReadonlyMap<string, string> =>
  fault === undefined ? readSums(path) : new Map()
