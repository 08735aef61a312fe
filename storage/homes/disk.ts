import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import {
  chmod,
  type FileHandle,
  lchown,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  statfs,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { LOCK_FOLDER, UNCLAIMED, UNCLAIMED_LOCK, writtenLock } from '../../config/home-lock.ts'
import { HOME_MARKER, homeMarker, UUID_PATTERN } from '../../config/home-marker.ts'
import { LOGIN_PATTERN } from '../../config/names.ts'
import { isFileError } from '../file-error.ts'
import { isThere } from '../is-there.ts'
import { LAYOUT } from '../layout.ts'
import { fileProblem } from '../problem.ts'
import type { Disk, Folder, HomeFact, HomeOwner, SharedFact } from './facts.ts'
import { copySkeleton } from './skeleton.ts'
import type { Space } from './space.ts'

/**
 * The storage directory as it was opened: every path goes through the open directory, so that nothing is ever written
 * into the empty place below when the mount goes away in the middle of a pass.
 */
export interface OpenStorage {
  look(): Promise<Disk>
  /** Makes this empty directory the storage directory. */
  found(): Promise<void>
  /** Removes what crashes left half built. */
  sweep(): Promise<void>
  /** Builds a home beside, then renames it into place. One that is there already is never touched. */
  make(person: HomeOwner, skeleton: string): Promise<void>
  /** Puts the marker into a home that lost it; one that is there stays as it is. */
  mark(person: HomeOwner): Promise<void>
  makeShared(gid: number): Promise<void>
  /** Makes the folder of a program, 0700; those above it are root's, and nobody else writes in them. */
  makeFolder(folder: Folder): Promise<void>
  /** Moves a home to the trash. */
  discard(entryUUID: string, login: string, at: Date): Promise<void>
  close(): Promise<void>
}

/** Looks at so many homes at once: each takes a thread of Node's few. */
const AT_ONCE = 8

/** What statfs(2) says of every FUSE file system. */
const FUSE = 0x65735546

/**
 * @param fuse whether it must be a mounted Gluster volume: what stands in its place while none is mounted is never
 *   taken for a new one
 * @throws with the code of the file system when there is no such directory.
 */
export async function openStorage(root: string, fuse = false): Promise<OpenStorage> {
  const handle = await open(root, constants.O_RDONLY | constants.O_DIRECTORY)
  const base = `/proc/self/fd/${handle.fd}`
  // Asked of the open directory: what is mounted or taken off from now on changes nothing of it.
  if (fuse && (await statfs(base)).type !== FUSE) {
    await handle.close()
    throw Object.assign(new Error(`${root} is not the mounted volume`), { code: 'ENODEV' })
  }
  const at = (...parts: string[]): string => join(base, ...parts)
  return {
    look: () => look(handle, base).catch((error) => ({ state: 'failed', problem: fileProblem(error) })),
    async found() {
      for (const [name, mode] of [
        [LAYOUT.homes, 0o711],
        [LAYOUT.trash, 0o700],
        [LAYOUT.making, 0o700],
      ] as const) {
        await mkdir(at(name)).catch((error) => {
          if (!isFileError(error, 'EEXIST')) throw error
        })
        await chmod(at(name), mode)
      }
      // Last, since it is what says that all of this is there.
      await writeNew(at(LAYOUT.marker), `${JSON.stringify({ version: 1, id: randomUUID() })}\n`)
      await handle.sync()
    },
    async sweep() {
      for (const name of await readdir(at(LAYOUT.making))) {
        await rm(at(LAYOUT.making, name), { recursive: true, force: true })
      }
    },
    async make(person, skeleton) {
      const built = at(LAYOUT.making, `${person.entryUUID}.${randomUUID()}`)
      await mkdir(built, { mode: 0o700 })
      try {
        await copySkeleton(skeleton, built, person)
        await writeNew(join(built, HOME_MARKER), homeMarker(person.entryUUID, person.login))
        await layLock(built, person)
        await lchown(built, person.uid, person.gid)
        await chmod(built, 0o700)
        await syncFolder(built)
        await putInPlace(built, at(LAYOUT.homes, person.entryUUID))
        await syncFolder(at(LAYOUT.homes))
      } finally {
        await rm(built, { recursive: true, force: true })
      }
    },
    async mark({ entryUUID, login }) {
      const made = at(LAYOUT.making, `${entryUUID}.${randomUUID()}`)
      try {
        await writeNew(made, homeMarker(entryUUID, login))
        // A link is made whole or not at all, and follows nothing that the person may have put there.
        await link(made, at(LAYOUT.homes, entryUUID, HOME_MARKER)).catch((error) => {
          if (!isFileError(error, 'EEXIST')) throw error
        })
      } finally {
        await rm(made, { force: true })
      }
    },
    async makeShared(gid) {
      const built = at(LAYOUT.making, `${LAYOUT.shared}.${randomUUID()}`)
      await mkdir(built, { mode: 0o700 })
      try {
        await lchown(built, 0, gid)
        await chmod(built, 0o3770)
        await putInPlace(built, at(LAYOUT.shared))
        await handle.sync()
      } finally {
        await rm(built, { recursive: true, force: true })
      }
    },
    async makeFolder({ path, uid }) {
      const built = at(LAYOUT.making, `${basename(path)}.${randomUUID()}`)
      await mkdir(built, { mode: 0o700 })
      try {
        await lchown(built, uid, uid)
        await mkdir(at(dirname(path)), { recursive: true, mode: 0o711 })
        await putInPlace(built, at(path))
        await syncFolder(at(dirname(path)))
      } finally {
        await rm(built, { recursive: true, force: true })
      }
    },
    async discard(entryUUID, login, date) {
      const day = date.toISOString().slice(0, 10)
      await putInPlace(at(LAYOUT.homes, entryUUID), at(LAYOUT.trash, `${day}-${login}-${entryUUID}`))
      await syncFolder(at(LAYOUT.trash))
    },
    close: () => handle.close(),
  }
}

async function look(handle: FileHandle, base: string): Promise<Disk> {
  const names = (await readdir(base)).filter((name) => name !== 'lost+found')
  if (!names.includes(LAYOUT.marker) && !(await isThere(join(base, LAYOUT.marker)))) {
    // A crash in the first run leaves our own empty directories and no marker: that is still a first run.
    const strange = await Promise.all(names.map((name) => isStrange(base, name)))
    if (!strange.includes(true)) return { state: 'empty' }
    const message = `the storage directory holds files, but no ${LAYOUT.marker}; mount the right one, or begin in an empty one`
    return { state: 'failed', problem: { reason: 'StorageNotThere', message } }
  }
  await handle.stat()
  const entries = await readdir(join(base, LAYOUT.homes))
  const homes = new Map<string, HomeFact>()
  let next = 0
  const worker = async (): Promise<void> => {
    for (let name = entries[next++]; name !== undefined; name = entries[next++]) {
      homes.set(name, await lookAtHome(join(base, LAYOUT.homes, name)))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  const [shared, folders, space] = await Promise.all([
    lookAtShared(join(base, LAYOUT.shared)),
    lookAtFolders(base, names),
    lookAtSpace(base),
  ])
  return { state: 'there', homes, shared, folders, space }
}

/** What stands where folders of programs belong: `copies`, and `services/NAME/CLAIM`. */
async function lookAtFolders(base: string, names: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>(names.filter((name) => name === LAYOUT.copies))
  if (!names.includes(LAYOUT.services)) return found
  for (const service of await readdir(join(base, LAYOUT.services))) {
    const claims = await readdir(join(base, LAYOUT.services, service)).catch((error) => {
      if (isFileError(error, 'ENOTDIR')) return []
      throw error
    })
    for (const claim of claims) found.add(join(LAYOUT.services, service, claim))
  }
  return found
}

async function lookAtSpace(base: string): Promise<Space> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(base)
  return { whole: blocks * bsize, free: bavail * bsize, files, filesFree: ffree }
}

async function isStrange(base: string, name: string): Promise<boolean> {
  const ours: readonly string[] = [LAYOUT.homes, LAYOUT.trash, LAYOUT.making]
  return !ours.includes(name) || (await readdir(join(base, name))).length > 0
}

async function lookAtHome(path: string): Promise<HomeFact> {
  try {
    const stat = await lstat(path)
    if (!stat.isDirectory()) return { kind: 'other' }
    return { kind: 'directory', uid: stat.uid, mode: stat.mode & 0o7777, marker: await readMarker(path) }
  } catch (error) {
    return { kind: 'unreadable', problem: fileProblem(error) }
  }
}

const Marker = z.strictObject({
  entryUUID: z.string().regex(UUID_PATTERN),
  login: z.string().regex(LOGIN_PATTERN),
})

/** The person may put anything at that name: only a small plain file of root counts. */
async function readMarker(home: string): Promise<Extract<HomeFact, { kind: 'directory' }>['marker']> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  let file: FileHandle
  try {
    file = await open(join(home, HOME_MARKER), flags)
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return 'missing'
    if (isFileError(error, 'ELOOP', 'ENXIO', 'ENODEV')) return 'wrong'
    throw error
  }
  try {
    const stat = await file.stat()
    if (!stat.isFile() || stat.uid !== 0 || stat.size > 1_000) return 'wrong'
    const parsed = Marker.safeParse(JSON.parse(await file.readFile('utf8')))
    return parsed.success ? parsed.data : 'wrong'
  } catch (error) {
    if (error instanceof SyntaxError) return 'wrong'
    throw error
  } finally {
    await file.close()
  }
}

async function lookAtShared(path: string): Promise<SharedFact> {
  try {
    const stat = await lstat(path)
    if (!stat.isDirectory() || stat.uid !== 0) return 'other'
    return { gid: stat.gid, mode: stat.mode & 0o7777 }
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return 'missing'
    throw error
  }
}

/** A rename onto a directory with files fails by itself; onto an empty one or a file it must not come to that. */
async function putInPlace(from: string, to: string): Promise<void> {
  if (await isThere(to)) throw Object.assign(new Error(`${to} is there already`), { code: 'EEXIST' })
  await rename(from, to)
}

async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o444)
  try {
    await file.writeFile(text)
    await file.chmod(0o444)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The lock's only file, while there is room for it. */
async function layLock(home: string, { uid, gid }: HomeOwner): Promise<void> {
  const folder = join(home, LOCK_FOLDER)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `${UNCLAIMED}`)
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(writtenLock(UNCLAIMED_LOCK))
    await file.sync()
  } finally {
    await file.close()
  }
  for (const made of [path, folder, dirname(folder)]) await lchown(made, uid, gid)
  await syncFolder(folder)
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  await folder.sync().finally(() => folder.close())
}
