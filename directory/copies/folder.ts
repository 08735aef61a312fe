import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { layWhole } from '../../service/whole-file.ts'
import { type KeptCopy, readName } from './decide.ts'

/** Where the copies lie. */
export interface CopyFolder {
  list(): Promise<KeptCopy[]>
  /** Whole, or not at all: written beside, read again, then renamed. */
  write(name: string, bytes: Buffer): Promise<void>
  remove(name: string): Promise<void>
}

/** Bytes that stay free for people: a copy never takes the last ones. */
const SPARE = 64 * 1024 * 1024

export function openFolder(root: string, now: () => number = Date.now, spare = SPARE): CopyFolder {
  return {
    list: async () => (await readdir(root)).flatMap((name) => readName(name) ?? []),
    write: (name, bytes) => {
      const wanted = {
        size: bytes.length,
        lay: (path: string) => writeFile(path, bytes, { flag: 'wx', mode: 0o600 }),
        matches: async (path: string) => bytes.equals(await readFile(path)),
      }
      return layWhole(root, name, wanted, { now, spare })
    },
    remove: (name) => rm(join(root, name), { force: true }),
  }
}
