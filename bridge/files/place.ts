import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** Why a request about files is refused: for people, with the status that HTTP has for it. */
export interface Refusal {
  readonly status: number
  readonly reason: string
}

export const isRefusal = (value: object): value is Refusal => 'status' in value && 'reason' in value

/** The names from the home to a file, each a plain one. '' and '/' are the home itself. */
export function namesOf(path: string): readonly string[] | Refusal {
  const bad = (reason: string): Refusal => ({ status: 400, reason })
  if (path.length > 4_096) return bad('the path is too long')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\u0000-\u001f\u007f]/.test(path)) return bad('the path holds control characters')
  const names = path.split('/').filter((name) => name !== '')
  if (names.some((name) => name === '.' || name === '..')) return bad('the path must not hold . or ..')
  if (names.some((name) => Buffer.byteLength(name) > 255)) return bad('a name in the path is too long')
  // The lock and the marker are the desktop's own affair.
  if (names[0]?.startsWith('.deskfleet'))
    return { status: 403, reason: 'this place belongs to the desktop itself' }
  return names
}

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/**
 * Opens the folder that the names lead to, from the home downwards. Each step goes through the open folder before it
 * and follows no link, so that nothing outside can be reached, whatever is moved about meanwhile.
 */
export async function openFolder(home: string, names: readonly string[]): Promise<FileHandle | Refusal> {
  let folder = await open(home, FOLDER)
  for (const name of names) {
    const next = await open(within(folder, name), FOLDER).catch((error) => refusalOf(error))
    await folder.close()
    if (isRefusal(next)) return next
    folder = next
  }
  return folder
}

/** The path of a name in an open folder. */
export const within = (folder: FileHandle, name: string): string => `/proc/self/fd/${folder.fd}/${name}`

const REFUSALS: Readonly<Record<string, Refusal>> = {
  ENOENT: { status: 404, reason: 'there is no such file or folder' },
  ENOTDIR: { status: 404, reason: 'a part of the path is no folder, or a link; links are not followed' },
  ELOOP: { status: 403, reason: 'it is a link; links are not followed' },
  EACCES: { status: 403, reason: 'the desktop may not read or write there' },
  EPERM: { status: 403, reason: 'the desktop may not read or write there' },
  EROFS: { status: 403, reason: 'it is read-only there' },
  EISDIR: { status: 409, reason: 'it is a folder' },
  EEXIST: { status: 409, reason: 'there is a file of that name already; nothing was changed' },
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
