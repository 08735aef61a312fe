import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, link, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { LOCK_BYTES, LOCK_FOLDER, type LockText, readLock, writtenLock } from '../../config/home-lock.ts'
import type { Generation } from './decide.ts'

/** Where the lock of a home stands. Whatever fails, fails with the error of the file system. */
export interface LockStore {
  look(): Promise<Generation[]>
  /** Makes the file of a generation, unless it is there. The one step that needs room on the disk. */
  lay(said: LockText): Promise<void>
  /** Renames a generation's file to that of another; false when it is not there any more: somebody else has done it. */
  take(from: number, to: number): Promise<boolean>
  /** Writes over what a generation's file says; fails when it is not there. */
  write(said: LockText): Promise<void>
  /** Removes a generation's file. */
  drop(generation: number): Promise<void>
}

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants

const code = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/** The lock in a home; only the person and their desktop see it. */
export function lockStore(home: string): LockStore {
  const folder = join(home, LOCK_FOLDER)
  const fileOf = (generation: number): string => join(folder, `${generation}`)

  const read = async (name: string): Promise<Generation[]> => {
    const text = await beginningOf(join(folder, name)).catch((error) => {
      if (code(error) === 'ENOENT') return undefined
      // A link in its place, a folder, a pipe: damaged, so it is waited for and then passed over.
      if (['ELOOP', 'EISDIR', 'ESPIPE', 'ENXIO'].includes(String(code(error))))
        return `damaged: ${code(error)}`
      throw error
    })
    if (text === undefined) return []
    const generation = Number(name)
    const said = readLock(text)
    // A pod before may have written its own text after the file was renamed: it says nothing of this generation.
    const { pod, free } = said?.generation === generation ? said : { pod: '', free: false }
    return [{ generation, pod, free, text }]
  }

  return {
    async look() {
      const names = await readdir(folder).catch((error) => {
        if (code(error) === 'ENOENT') return []
        throw error
      })
      const generations = await Promise.all(names.filter((name) => /^[1-9]\d{0,15}$/.test(name)).map(read))
      return generations.flat()
    },
    async lay(said) {
      const path = join(folder, `.${randomUUID()}`)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      try {
        const file = await open(path, 'wx', 0o600)
        try {
          await file.writeFile(writtenLock(said))
          await file.sync()
        } finally {
          await file.close()
        }
        // link(2) makes it with its text or fails, on a network file system too.
        await link(path, fileOf(said.generation)).catch((error) => {
          if (code(error) !== 'EEXIST') throw error
        })
      } finally {
        await rm(path, { force: true })
      }
    },
    async take(from, to) {
      try {
        await rename(fileOf(from), fileOf(to))
        return true
      } catch (error) {
        if (code(error) !== 'ENOENT') throw error
        // A server that did it and whose answer was lost is asked again, and finds its own work.
        return await access(fileOf(to)).then(
          () => true,
          () => false,
        )
      }
    },
    async write(said) {
      const bytes = Buffer.from(writtenLock(said))
      const file = await open(fileOf(said.generation), O_WRONLY | O_NOFOLLOW | O_NONBLOCK)
      try {
        const { bytesWritten } = await file.write(bytes, 0, bytes.length, 0)
        if (bytesWritten < bytes.length)
          throw new Error(`${bytesWritten} of ${bytes.length} bytes were written`)
        await file.datasync()
      } finally {
        await file.close()
      }
    },
    drop: (generation) => rm(fileOf(generation), { force: true, recursive: true }),
  }
}

/** As much of a file as a lock has, whatever the person may have put there. */
async function beginningOf(path: string): Promise<string> {
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LOCK_BYTES), 0, LOCK_BYTES, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}
