import { randomUUID } from 'node:crypto'
import { chmod, lchown, lstat, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { LOCK_BYTES, LOCK_FOLDER, readLock } from '../../config/home-lock.ts'
import { isFileError } from '../file-error.ts'
import { isThere } from '../is-there.ts'
import { LAYOUT } from '../layout.ts'
import { SHARED, type Side } from '../places/facts.ts'
import type { SideFact } from './facts.ts'

/** Both storages, as root of this container sees them. Each step may be done twice. */
export interface Disks {
  /** Where the home, its copy on the way, and what is left of it lie on that side. */
  readonly at: (side: Side, name: string) => Paths
  /** Why a storage cannot be used now; undefined when both are there. */
  missing(): Promise<string | undefined>
  look(side: Side, name: string): Promise<SideFact>
  /** Names of all homes that stand on that side. */
  homes(side: Side): Promise<string[]>
  close(side: Side, name: string): Promise<void>
  open(side: Side, name: string, owner: { readonly uid: number; readonly gid: number }): Promise<void>
  place(side: Side, name: string): Promise<void>
  putAside(side: Side, name: string): Promise<void>
  /** The same with a folder of the storage itself. */
  putFolderAside(side: Side, name: string): Promise<void>
  /** Makes what was put aside there earlier the beginning of a new copy, so that little is left to copy. */
  prepare(side: Side, name: string): Promise<void>
  drop(side: Side, name: string): Promise<void>
  /** What the lock of a home says: a text that changes while a desktop lives; undefined where it is free. */
  beat(side: Side, name: string): Promise<string | undefined>
  /** The storage's own time, in seconds. */
  time(side: Side): Promise<number>
  /** Files of root in the storage's own folder. */
  lay(side: Side, name: string): Promise<void>
  lift(side: Side, name: string): Promise<void>
  has(side: Side, name: string): Promise<boolean>
}

export interface Paths {
  readonly home: string
  readonly staged: string
  readonly aside: string
}

/** Root's alone. */
const CLOSED = 0o700
/** As they are made: storage/homes/. */
const HOME = 0o700
const SHARED_MODE = 0o3770

export function disksAt(roots: Readonly<Record<Side, string>>): Disks {
  const at = (side: Side, name: string): Paths => ({
    home: name === SHARED ? join(roots[side], LAYOUT.shared) : join(roots[side], LAYOUT.homes, name),
    staged: join(roots[side], LAYOUT.arriving, name),
    aside: join(roots[side], LAYOUT.moved, name),
  })
  /** Not recursive: in the empty place of a storage that is not mounted nothing is made. */
  const folder = async (side: Side, name: string): Promise<void> => {
    if (!(await isThere(join(roots[side], LAYOUT.marker)))) throw new Error(`${roots[side]} is not mounted`)
    await mkdir(join(roots[side], name), { mode: CLOSED }).catch((error) => {
      if (!isFileError(error, 'EEXIST')) throw error
    })
  }
  const putAside = async (side: Side, path: string, name: string): Promise<void> => {
    await folder(side, LAYOUT.moved)
    const { aside } = at(side, name)
    await rename(path, (await isThere(aside)) ? `${aside}.${randomUUID()}` : aside)
    await flush(join(path, '..'))
  }
  return {
    at,
    async missing() {
      for (const root of Object.values(roots)) {
        if (!(await isThere(join(root, LAYOUT.marker))))
          return `${root} has no ${LAYOUT.marker}: it is not mounted`
      }
      return undefined
    },
    async look(side, name) {
      const { home, staged, aside } = at(side, name)
      const found = await directory(home)
      return {
        home: found === undefined ? 'absent' : isClosed(found) ? 'closed' : 'open',
        uid: found?.uid ?? 0,
        gid: found?.gid ?? 0,
        staged: await isThere(staged),
        aside: await isThere(aside),
      }
    },
    async homes(side) {
      return await readdir(join(roots[side], LAYOUT.homes)).catch((error) => {
        if (isFileError(error, 'ENOENT')) return []
        throw error
      })
    },
    async close(side, name) {
      const { home } = at(side, name)
      // Mode first: between the two its owner alone may come in, as before.
      await chmod(home, CLOSED)
      await lchown(home, 0, 0)
    },
    async open(side, name, { uid, gid }) {
      const { home } = at(side, name)
      const mode = name === SHARED ? SHARED_MODE : HOME
      await chmod(home, mode)
      await lchown(home, uid, gid)
    },
    async place(side, name) {
      const { home, staged } = at(side, name)
      if (await isThere(home)) throw new Error(`${home} is there already`)
      await rename(staged, home)
      await flush(join(home, '..'))
    },
    putAside: (side, name) => putAside(side, at(side, name).home, name),
    putFolderAside: (side, name) => putAside(side, join(roots[side], name), name),
    async prepare(side, name) {
      const { staged, aside } = at(side, name)
      await folder(side, LAYOUT.arriving)
      if ((await isThere(aside)) && !(await isThere(staged))) await rename(aside, staged)
    },
    drop: async (side, name) => await rm(at(side, name).staged, { recursive: true, force: true }),
    beat: async (side, name) => (name === SHARED ? undefined : await beatOf(at(side, name).home)),
    async time(side) {
      await folder(side, LAYOUT.arriving)
      const path = join(roots[side], LAYOUT.arriving, '.time')
      await rm(path, { force: true })
      await (await open(path, 'wx', 0o600)).close()
      return (await lstat(path)).ctimeMs / 1000
    },
    async lay(side, name) {
      if (!(await isThere(join(roots[side], LAYOUT.marker)))) throw new Error(`${roots[side]} is not mounted`)
      const file = await open(join(roots[side], name), 'a', 0o444)
      await file.sync().finally(() => file.close())
      await flush(roots[side])
    },
    lift: async (side, name) => await rm(join(roots[side], name), { force: true }),
    has: async (side, name) => await isThere(join(roots[side], name)),
  }
}

interface Found {
  readonly uid: number
  readonly gid: number
}

/** Whoever closes sets the mode before the owner, and whoever opens as well: so the owner says it all. */
const isClosed = ({ uid, gid }: Found): boolean => uid === 0 && gid === 0

async function directory(path: string): Promise<Found | undefined> {
  try {
    const found = await lstat(path)
    if (!found.isDirectory()) throw new Error(`${path} is no directory`)
    return found
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return undefined
    throw error
  }
}

async function flush(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync().finally(() => folder.close())
}

/** What the highest generation says. Links that somebody may have laid there are followed nowhere. */
async function beatOf(home: string): Promise<string | undefined> {
  const folder = join(home, LOCK_FOLDER)
  for (const part of [join(home, '.deskfleet'), folder]) {
    const found = await lstat(part).catch(() => undefined)
    if (!found?.isDirectory()) return undefined
  }
  const generations = (await readdir(folder)).filter((name) => /^[1-9]\d{0,15}$/.test(name)).map(Number)
  if (generations.length === 0) return undefined
  const path = join(folder, `${Math.max(...generations)}`)
  const found = await lstat(path).catch(() => undefined)
  if (!found?.isFile() || found.size > 2 * LOCK_BYTES) return undefined
  const text = await readFile(path, 'utf8')
  return readLock(text)?.free === true ? undefined : text
}
