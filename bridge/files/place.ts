import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { LONGEST_PATH } from '../../config/file-path.ts'

/** Why a request about files is refused: for people, with the status that HTTP has for it. */
export interface Refusal {
  readonly status: number
  readonly reason: string
}

export const isRefusal = (value: object): value is Refusal => 'status' in value && 'reason' in value

/** The names from the home to a file, each a plain one, in bytes. '' and '/' are the home itself. */
export function namesOf(path: Uint8Array): readonly Buffer[] | Refusal {
  const bad = (reason: string): Refusal => ({ status: 400, reason })
  if (path.length > LONGEST_PATH) return bad('the path is too long')
  if (path.includes(0)) return bad('the path holds a zero')
  // As Latin-1 every byte is one sign: nothing is lost, and nothing is taken for text.
  const names = Buffer.from(path)
    .toString('latin1')
    .split('/')
    .filter((name) => name !== '')
  if (names.some((name) => name === '.' || name === '..')) return bad('the path must not hold . or ..')
  if (names.some((name) => name.length > 255)) return bad('a name in the path is too long')
  // The lock and the marker are the desktop's own affair.
  if (names[0]?.startsWith('.deskfleet'))
    return { status: 403, reason: 'this place belongs to the desktop itself' }
  return names.map((name) => Buffer.from(name, 'latin1'))
}

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/**
 * Opens the folder that the names lead to, from the home downwards. Each step goes through the open folder before it
 * and follows no link, so that nothing outside can be reached, whatever is moved about meanwhile.
 */
export async function openFolder(home: string, names: readonly Uint8Array[]): Promise<FileHandle | Refusal> {
  let folder = await open(home, FOLDER)
  for (const name of names) {
    const next = await open(within(folder, name), FOLDER).catch((error) => refusalOf(error))
    await folder.close()
    if (isRefusal(next)) return next
    folder = next
  }
  return folder
}

/** The open folder of a file, which is there or not, and the file's name in it. Who is given it closes the folder. */
export async function openPlace(
  home: string,
  path: Uint8Array,
): Promise<{ readonly folder: FileHandle; readonly name: Uint8Array } | Refusal> {
  const names = namesOf(path)
  if (isRefusal(names)) return names
  const name = names.at(-1)
  if (name === undefined) return { status: 400, reason: 'the path names no file' }
  const folder = await openFolder(home, names.slice(0, -1))
  return isRefusal(folder) ? folder : { folder, name }
}

/** The path of a name in an open folder. */
export const within = (folder: FileHandle, name: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`/proc/self/fd/${folder.fd}/`), name])

const REFUSALS: Readonly<Record<string, Refusal>> = {
  ENOENT: { status: 404, reason: 'there is no such file or folder' },
  ENOTDIR: { status: 404, reason: 'a part of the path is no folder, or a link; links are not followed' },
  ELOOP: { status: 403, reason: 'it is a link; links are not followed' },
  EACCES: { status: 403, reason: 'the desktop may not read or write there' },
  EPERM: { status: 403, reason: 'the desktop may not read or write there' },
  EROFS: { status: 403, reason: 'it is read-only there' },
  EISDIR: { status: 409, reason: 'it is a folder' },
  EEXIST: { status: 409, reason: 'there is a file of that name already; nothing was changed' },
  ENOTEMPTY: { status: 409, reason: 'the folder is not empty' },
  ENOSPC: { status: 507, reason: 'there is no room left' },
  EDQUOT: { status: 507, reason: 'your share of the room is full' },
  ENAMETOOLONG: { status: 400, reason: 'a name in the path is too long' },
}

/** What an error of the file system means to the person. @throws what is none of the known ones. */
export function refusalOf(error: unknown): Refusal {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const known = REFUSALS[code]
  if (known) return known
  throw error
}
