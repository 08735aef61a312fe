import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
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

const MAKING = '.making-'
/** Ms after which what is half written was left by a crash. */
const LEFT = 3_600_000
/** Bytes that stay free: it is the disk of a PC's own system, and etcd's. */
const SPARE = 2 * 1024 ** 3

export function openFolder(root: string, now: () => number = Date.now, spare = SPARE): Place {
  const at = (name: string): string => join(root, name)
  const sweep = async (): Promise<void> => {
    for (const name of (await readdir(root)).filter((one) => one.startsWith(MAKING))) {
      const { mtimeMs } = await stat(at(name))
      if (now() - mtimeMs > LEFT) await rm(at(name), { force: true })
    }
  }
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
      await sweep()
      const [{ size }, { bavail, bsize }] = await Promise.all([stat(file), statfs(root)])
      if (bavail * bsize < size + spare)
        throw new Error(`${root} has too little room for a copy of ${size} bytes: make room`)
      const making = at(`${MAKING}${randomUUID()}`)
      try {
        await copyFile(file, making, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
        await synced(making)
        if ((await sumOf(making)) !== (await sumOf(file)))
          throw new Error('what was read again is not what was written: look at the disk')
        await rename(making, at(name))
        await synced(root)
      } finally {
        await rm(making, { force: true })
      }
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

async function synced(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY)
  await handle.sync().finally(() => handle.close())
}
