import { constants } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { HOME_MARKER } from '../../config/home-marker.ts'

/** A home as it was found, links not followed. */
export interface HomeFacts {
  readonly path: string
  readonly directory: boolean
  readonly uid: number
  /** Permission bits. */
  readonly mode: number
  /** What the marker names; `missing`, or why it does not count. */
  readonly marker: { readonly entryUUID: string } | { readonly fault: string }
}

const Marker = z.object({ entryUUID: z.string() })

/** @throws with the code of the file system when the home cannot be looked at. */
export async function lookAtHome(path: string): Promise<HomeFacts> {
  const stat = await lstat(path)
  const directory = stat.isDirectory()
  return {
    path,
    directory,
    uid: stat.uid,
    mode: stat.mode & 0o7777,
    marker: directory ? await readMarker(join(path, HOME_MARKER)) : { fault: 'cannot be there' },
  }
}

/** Whoever owns the home may put anything at that name: only a small plain file of root counts. */
async function readMarker(path: string): Promise<HomeFacts['marker']> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const opened = await open(path, flags).catch((error: NodeJS.ErrnoException) => error)
  if (opened instanceof Error) {
    if (opened.code === 'ENOENT') return { fault: 'is missing' }
    if (opened.code === 'ELOOP') return { fault: 'is a link' }
    throw opened
  }
  try {
    const stat = await opened.stat()
    if (!stat.isFile() || stat.size > 1_000) return { fault: 'is no small file' }
    if (stat.uid !== 0) return { fault: `belongs to uid ${stat.uid}, not to root` }
    const parsed = Marker.safeParse(JSON.parse(await opened.readFile('utf8')))
    return parsed.success ? { entryUUID: parsed.data.entryUUID } : { fault: 'cannot be read' }
  } catch (error) {
    if (error instanceof SyntaxError) return { fault: 'cannot be read' }
    throw error
  } finally {
    await opened.close()
  }
}

/** Why no session may start in this home, or undefined when it is the person's. */
export function homeFault(
  home: HomeFacts,
  me: { readonly uid: number; readonly entryUUID: string },
): string | undefined {
  const { path, directory, uid, mode, marker } = home
  if (!directory) return `${path} is not a directory`
  if (uid !== me.uid) return `${path} belongs to uid ${uid}, and this desktop is of uid ${me.uid}`
  if ((mode & 0o777) !== 0o700) {
    return `${path} has mode ${(mode & 0o777).toString(8).padStart(4, '0')}, so others may enter it; it must be 0700`
  }
  if ('fault' in marker) return `${path}/${HOME_MARKER}, which says whose home it is, ${marker.fault}`
  if (marker.entryUUID !== me.entryUUID) {
    return `${path} is the home of the person with the entryUUID ${marker.entryUUID}, and this desktop is for ${me.entryUUID}`
  }
  return undefined
}
