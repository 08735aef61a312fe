import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises'
import { isRefusal, namesOf, openFolder, type Refusal, refusalOf, within } from './place.ts'

/** One name in a folder, as the page shows it. */
export interface Entry {
  readonly name: string
  readonly kind: 'folder' | 'file' | 'link' | 'other'
  /** Bytes; of files alone. */
  readonly size?: number
  /** RFC 3339. */
  readonly modified: string
}

export interface Listing {
  readonly path: string
  readonly entries: readonly Entry[]
  /** Whether there are more than are shown. */
  readonly more: boolean
}

/** A file that is open; whoever got it closes it. */
export interface OpenFile {
  readonly name: string
  readonly size: number
  readonly handle: FileHandle
}

/** Names that one listing shows at most. */
const AT_MOST = 5_000

/** A folder's entries by name, or an open file. */
export async function readPlace(home: string, path: string): Promise<Listing | OpenFile | Refusal> {
  const names = namesOf(path)
  if (isRefusal(names)) return names
  const last = names.at(-1)
  const folder = await openFolder(home, names.slice(0, -1))
  if (isRefusal(folder)) return folder
  try {
    if (last === undefined) return await list(folder, names)
    // A pipe would block for ever without O_NONBLOCK.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    const handle = await open(within(folder, last), flags)
    const stat = await handle.stat()
    if (stat.isFile()) return { name: last, size: stat.size, handle }
    try {
      if (stat.isDirectory()) return await list(handle, names)
      return { status: 403, reason: 'it is neither a file nor a folder' }
    } finally {
      await handle.close()
    }
  } catch (error) {
    return refusalOf(error)
  } finally {
    await folder.close()
  }
}

async function list(folder: FileHandle, names: readonly string[]): Promise<Listing> {
  const all = (await readdir(`/proc/self/fd/${folder.fd}`)).sort()
  const hidden = names.length === 0 ? (name: string) => name.startsWith('.deskfleet') : () => false
  const shown = all.filter((name) => !hidden(name)).slice(0, AT_MOST)
  const entries: Entry[] = []
  for (const name of shown) {
    const stat = await lstat(within(folder, name)).catch(() => undefined)
    if (stat === undefined) continue
    const kind = stat.isSymbolicLink()
      ? 'link'
      : stat.isDirectory()
        ? 'folder'
        : stat.isFile()
          ? 'file'
          : 'other'
    entries.push({
      name,
      kind,
      ...(kind === 'file' ? { size: stat.size } : {}),
      modified: stat.mtime.toISOString(),
    })
  }
  return { path: `/${names.join('/')}`, entries, more: all.length > AT_MOST }
}
