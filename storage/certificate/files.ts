import { mkdir, open, readFile, rename, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { publicKeyOf } from '../../certificates/member.ts'
import { reasonOf } from '../../cluster/answer.ts'
import { isFileError } from '../file-error.ts'

/** As Gluster calls them, and the key that waits for its certificate. */
const NAMES = {
  key: 'glusterfs.key',
  certificate: 'glusterfs.pem',
  authorities: 'glusterfs.ca',
  next: 'next.key',
} as const
type Name = keyof typeof NAMES

/** What a file holds; undefined where it is not there. A fault says why it cannot be used. */
export type Found = { readonly text: string } | { readonly fault: string } | undefined

/** The folder with this PC's key and certificate. */
export interface Files {
  read(name: Name): Promise<Found>
  /**
   * Writes files so that each appears whole, whatever happens meanwhile, and all of them at nearly one moment: who reads
   * between two of them finds a key of another certificate, and has to read again.
   */
  write(texts: Readonly<Partial<Record<Name, string>>>): Promise<void>
  remove(name: Name): Promise<void>
}

export function filesIn(directory: string): Files {
  const at = (name: Name): string => join(directory, NAMES[name])
  return {
    async read(name) {
      try {
        // Whoever could read the key is this PC to all others.
        const isKey = name === 'key' || name === 'next'
        if (isKey && ((await stat(at(name))).mode & 0o077) !== 0)
          return { fault: `others may read ${NAMES[name]}` }
        return { text: await readFile(at(name), 'utf8') }
      } catch (error) {
        if (isFileError(error, 'ENOENT')) return undefined
        return { fault: `${NAMES[name]}: ${reasonOf(error)}` }
      }
    },
    async write(texts) {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const names = (Object.keys(texts) as Name[]).filter((name) => texts[name] !== undefined)
      for (const name of names) await writeNew(`${at(name)}.new`, texts[name] ?? '')
      for (const name of names) {
        // A mount of the file, before there was one, leaves an empty folder in its place.
        await rmdir(at(name)).catch(() => {})
        await rename(`${at(name)}.new`, at(name))
      }
      await sync(directory)
    },
    async remove(name) {
      await rm(at(name), { force: true })
    },
  }
}

/** Its bytes are on the disk before it gets its name. Nobody but root ever reads it. */
async function writeNew(path: string, text: string): Promise<void> {
  await rm(path, { force: true, recursive: true })
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function sync(directory: string): Promise<void> {
  const folder = await open(directory, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** The public half of a key that was found, DER; undefined where it is none. */
export function publicHalf(found: Found): Buffer | undefined {
  if (found === undefined || 'fault' in found) return undefined
  try {
    return publicKeyOf(found.text)
  } catch {
    return undefined
  }
}
