import { constants } from 'node:fs'
import { copyFile, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { layWhole } from '../../service/whole-file.ts'
import { type KeptCopy, readName, superfluous } from './decide.ts'
import { sumOf } from './sum.ts'

/** Where copies lie: a folder of a PC, a disk on USB. */
export interface Place {
  list(): Promise<readonly KeptCopy[]>
  /** Copies a file to there: whole, or not at all. */
  put(name: string, file: string): Promise<void>
  /** The path of one, for whoever opens it. */
  path(name: string): string
  remove(name: string): Promise<void>
}

/** Bytes that stay free: it is the disk of a PC's own system, and etcd's. */
const SPARE = 2 * 1024 ** 3

export function openFolder(root: string, now: () => number = Date.now, spare = SPARE): Place {
  const at = (name: string): string => join(root, name)
  return {
    path: at,
    list: async () => {
      const names = await readdir(root).catch((error) => {
        if (error.code === 'ENOENT') return []
        throw error
      })
      return names.flatMap((name) => readName(name) ?? [])
    },
    async put(name, file) {
      if (readName(name) === undefined) throw new Error(`${name} is no name of a copy`)
      await mkdir(root, { recursive: true, mode: 0o700 })
      const wanted = {
        size: (await stat(file)).size,
        lay: (path: string) => copyFile(file, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE),
        matches: async (path: string) => (await sumOf(path)) === (await sumOf(file)),
      }
      await layWhole(root, name, wanted, { now, spare })
    },
    remove: (name) => rm(at(name), { force: true }),
  }
}

/** Removes what newer copies replace. @returns their names */
export async function prune(place: Place, now: number): Promise<readonly string[]> {
  const gone = superfluous(await place.list(), now).map(({ name }) => name)
  for (const name of gone) await place.remove(name)
  return gone
}
