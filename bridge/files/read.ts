import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises'
import { encodedPath, LONGEST_LIST, shownName } from '../../config/file-path.ts'
import { isRefusal, namesOf, openFolder, type Refusal, refusalOf, within } from './place.ts'

/** One name in a folder, as the page shows it. */
export interface Entry {
  /** As people see it, see `shownName`. */
  readonly name: string
  /** As it stands in an address. */
  readonly at: string
  /** Whether some of the name is no text, or none that can be seen. */
  readonly odd?: true
  readonly kind: 'folder' | 'file' | 'link' | 'other'
  /** Bytes; of files alone. */
  readonly size?: number
  /** RFC 3339. */
  readonly modified: string
}

export interface Listing {
  /** As it stands in an address. */
  readonly path: string
  readonly entries: readonly Entry[]
  /** Whether there are more than are shown. */
  readonly more: boolean
}

/** A file that is open; whoever got it closes it. */
export interface OpenFile {
  readonly name: Buffer
  readonly size: number
  readonly handle: FileHandle
}

/** Names that one listing shows at most. */
const AT_MOST = 5_000

/** A folder's entries by name, or an open file. */
export async function readPlace(home: string, path: Uint8Array): Promise<Listing | OpenFile | Refusal> {
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

async function list(folder: FileHandle, names: readonly Uint8Array[]): Promise<Listing> {
  const all = (await readdir(`/proc/self/fd/${folder.fd}`, { encoding: 'buffer' })).sort(Buffer.compare)
  const hidden = (name: Buffer) => names.length === 0 && name.toString('latin1').startsWith('.deskfleet')
  const wanted = all.filter((name) => !hidden(name))
  const entries: Entry[] = []
  let more = wanted.length > AT_MOST
  let length = 0
  for (const bytes of wanted.slice(0, AT_MOST)) {
    const stat = await lstat(within(folder, bytes)).catch(() => undefined)
    if (stat === undefined) continue
    const entry = entryOf(bytes, stat)
    length += Buffer.byteLength(JSON.stringify(entry)) + 1
    more ||= length > LONGEST_LIST
    if (length > LONGEST_LIST) break
    entries.push(entry)
  }
  return { path: `/${names.map(encodedPath).join('/')}`, entries, more }
}

function entryOf(bytes: Buffer, stat: Stats): Entry {
  const kind = stat.isSymbolicLink()
    ? 'link'
    : stat.isDirectory()
      ? 'folder'
      : stat.isFile()
        ? 'file'
        : 'other'
  const name = shownName(bytes)
  return {
    name,
    at: encodedPath(bytes),
    ...(Buffer.from(name).equals(bytes) ? {} : { odd: true }),
    kind,
    ...(kind === 'file' ? { size: stat.size } : {}),
    modified: stat.mtime.toISOString(),
  }
}
