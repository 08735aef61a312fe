import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Term } from './decide.ts'

/** Where the terms of a home stand. Whatever fails, fails with the error of the file system. */
export interface LockStore {
  look(): Promise<Term[]>
  /** Makes a new generation; false when another pod made it first. */
  claim(generation: number, pod: string): Promise<boolean>
  /** Writes the own generation anew: whole or not at all. */
  write(generation: number, pod: string, heartbeat: number, free: boolean): Promise<void>
  /** Removes a generation that is not the highest. */
  drop(generation: number): Promise<void>
}

const Stored = z.object({ pod: z.string(), generation: z.int(), heartbeat: z.int(), free: z.boolean() })

/** In the home; only the person and their desktop see it. */
export const LOCK_FOLDER = '.deskfleet/lock'

const textOf = (generation: number, pod: string, heartbeat: number, free: boolean): string =>
  `${JSON.stringify({ pod, generation, heartbeat, free } satisfies z.input<typeof Stored>)}\n`

const code = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/**
 * The lock in a home. A generation is claimed by link(2), which makes its file with its text or fails, on a network
 * file system too; each pod writes its own file alone, so a late write can never overwrite another's claim.
 */
export function lockStore(home: string): LockStore {
  const folder = join(home, LOCK_FOLDER)
  const fileOf = (generation: number): string => join(folder, `${generation}`)

  const read = async (name: string): Promise<Term[]> => {
    const text = await readFile(join(folder, name), {
      encoding: 'utf8',
      flag: constants.O_RDONLY | constants.O_NOFOLLOW,
    }).catch((error) => {
      if (code(error) === 'ENOENT') return undefined
      // A link in its place, or a folder: damaged, so it is waited for and then passed over.
      if (code(error) === 'ELOOP' || code(error) === 'EISDIR') return `damaged: ${code(error)}`
      throw error
    })
    if (text === undefined) return []
    const parsed = Stored.safeParse(json(text))
    const { pod, free } = parsed.success ? parsed.data : { pod: '', free: false }
    return [{ generation: Number(name), pod, free, text }]
  }

  /** The text in a new file beside, on the disk. */
  const beside = async (text: string): Promise<string> => {
    const path = join(folder, `.${randomUUID()}`)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    return path
  }

  return {
    async look() {
      const names = await readdir(folder).catch((error) => {
        if (code(error) === 'ENOENT') return []
        throw error
      })
      const terms = await Promise.all(names.filter((name) => /^[1-9]\d{0,14}$/.test(name)).map(read))
      return terms.flat()
    },
    async claim(generation, pod) {
      const text = textOf(generation, pod, 0, false)
      const path = await beside(text)
      try {
        await link(path, fileOf(generation))
        return true
      } catch (error) {
        if (code(error) !== 'EEXIST') throw error
        // A server that did it and whose answer was lost is asked again, and finds its own work.
        return (await readFile(fileOf(generation), 'utf8').catch(() => '')) === text
      } finally {
        await rm(path, { force: true })
      }
    },
    async write(generation, pod, heartbeat, free) {
      const path = await beside(textOf(generation, pod, heartbeat, free))
      await rename(path, fileOf(generation)).catch(async (error) => {
        await rm(path, { force: true }).catch(() => {})
        throw error
      })
    },
    drop: (generation) => rm(fileOf(generation), { force: true, recursive: true }),
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
