import { createHash, randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { type KeptCopy, readName } from './decide.ts'

/** Where the copies lie. */
export interface CopyFolder {
  list(): Promise<KeptCopy[]>
  /** Whole, or not at all: written beside, read again, then renamed. */
  write(name: string, bytes: Buffer): Promise<void>
  remove(name: string): Promise<void>
}

const MAKING = '.making-'
/** Ms after which what is half written was left by a crash. */
const LEFT = 3_600_000
/** Bytes that stay free for people: a copy never takes the last ones. */
const SPARE = 64 * 1024 * 1024

export function openFolder(root: string, now: () => number = Date.now, spare = SPARE): CopyFolder {
  const at = (name: string): string => join(root, name)
  const sweep = async (): Promise<void> => {
    for (const name of (await readdir(root)).filter((one) => one.startsWith(MAKING))) {
      const { mtimeMs } = await stat(at(name))
      if (now() - mtimeMs > LEFT) await rm(at(name), { force: true })
    }
  }
  return {
    list: async () => (await readdir(root)).flatMap((name) => readName(name) ?? []),
    async write(name, bytes) {
      await sweep()
      const { bavail, bsize } = await statfs(root)
      if (bavail * bsize < bytes.length + spare)
        throw new Error(`the storage has too little room for a copy of ${bytes.length} bytes: make room`)
      const making = at(`${MAKING}${randomUUID()}`)
      try {
        await writeThrough(making, bytes)
        if (!digest(await readFile(making)).equals(digest(bytes)))
          throw new Error('what was read again is not what was written: look at the disk')
        await rename(making, at(name))
        await syncFolder(root)
      } finally {
        await rm(making, { force: true })
      }
    },
    remove: (name) => rm(at(name), { force: true }),
  }
}

const digest = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()

async function writeThrough(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  await folder.sync().finally(() => folder.close())
}
