import { chmod, lstat, mkdir, readFile, rename, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { must } from '../bounded.ts'
import { LAYOUT } from '../layout.ts'
import { type MountLine, mountLines } from '../mountinfo.ts'
import type { Mounted, Wanted } from './facts.ts'

/** A dead server keeps mount(8) waiting; the next pass tries again. */
const LIMIT = 20_000

type Place = Omit<Mounted, 'id' | 'waits' | 'old'>

/** Where this PC shows its homes, and what it takes them from. */
export interface Mounts {
  /** Whether the storage directory carries its marker. */
  storage(): Promise<boolean>
  list(): Promise<Mounted[]>
  /** Which directories stand there in the storage directory. */
  identify(sources: readonly string[]): Promise<(string | undefined)[]>
  mount(wanted: Pick<Wanted, 'parent' | 'name' | 'source'>): Promise<void>
  /** Takes a mount off and its directories away; fails while something uses it. */
  release(mounted: Place): Promise<void>
  /** Shows the same from where it is taken from now; fails while something uses it. Its parent stays, since pods hold it. */
  move(wanted: Pick<Wanted, 'parent' | 'name' | 'source'>): Promise<void>
  /** Takes a dead mount off, used or not; its directory stays for the next. */
  detach(mounted: Place): Promise<void>
}

/** Which directory a mount shows. */
export type Shown = Pick<Mounted, 'id' | 'waits' | 'old'>

/** What homes are taken from. */
export interface Source {
  /** Where it is now; undefined while it is nowhere. */
  directory(): string | undefined
  /** Whether it carries the marker of a storage directory. */
  marked(): Promise<boolean>
  /** Which directories these paths in it are. */
  identify(paths: readonly string[]): Promise<(string | undefined)[]>
  /** Which directories these mounts show. */
  shown(mounts: readonly { readonly path: string; readonly device: string }[]): Promise<Shown[]>
}

/** A directory that is the same on every PC, by whatever means of the PC's own. */
export const directorySource = (directory: string): Source => ({
  directory: () => directory,
  marked: () =>
    lstat(join(directory, LAYOUT.marker)).then(
      (found) => found.isFile(),
      () => false,
    ),
  identify: (paths) => Promise.all(paths.map(idOf)),
  shown: (mounts) => Promise.all(mounts.map(async ({ path }) => ({ id: await idOf(path) }))),
})

/** Directories beneath mounts: of root, and nobody may write there while no mount stands. */
const CLOSED = 0o555
const MAKING = '.making'

/** The mounts below a directory, as they stand. */
export const mountsNow = async (below: string): Promise<MountLine[]> =>
  mountLines(await readFile('/proc/self/mountinfo', 'utf8'), below)

export function mountsBelow(runDirectory: string, from: Source): Mounts {
  const at = (...parts: string[]): string => join(runDirectory, ...parts)
  const sourceAt = (source: string): string => {
    const directory = from.directory()
    if (directory === undefined) throw new Error('the storage directory is not there')
    return join(directory, source)
  }
  const bind = async (source: string, to: string): Promise<void> => {
    await must('mount', ['-o', 'bind,nosuid,nodev', '--', sourceAt(source), to], LIMIT)
  }
  return {
    storage: from.marked,
    async list() {
      await mkdir(at('u'), { recursive: true, mode: 0o755 })
      await mkdir(at(MAKING), { recursive: true, mode: 0o700 })
      const lines = await mountsNow(runDirectory)
      // A crash between mount and rename: nobody saw it yet.
      for (const { point } of lines.filter((one) => one.point.startsWith(`${MAKING}/`))) {
        await must('umount', [at(point)], LIMIT)
      }
      const ours = lines.filter(({ point }) => /^(u\/[^/]+|shared|storage)\/[^/]+$/.test(point))
      const shown = await from.shown(ours.map(({ point, device }) => ({ path: at(point), device })))
      return ours.map(({ point }, index) => ({
        parent: dirname(point),
        name: point.slice(point.lastIndexOf('/') + 1),
        ...(shown[index] ?? { id: undefined }),
      }))
    },
    identify: async (sources) =>
      from.directory() === undefined
        ? sources.map(() => undefined)
        : await from.identify(sources.map(sourceAt)),
    async mount({ parent, name, source }) {
      // Nobody but root writes in the directory above, so what is seen here is what mount(8) will find.
      const [id] = await from.identify([sourceAt(source)])
      if (id === undefined) throw new Error(`${sourceAt(source)} is not a directory`)
      const there = await lstat(at(parent)).then(
        () => true,
        () => false,
      )
      // Pods wait for this directory to appear, so it appears with the mount already in it.
      const place = there ? parent : `${MAKING}/${parent.replaceAll('/', '+')}`
      await mkdir(at(place, name), { recursive: true })
      await chmod(at(place, name), CLOSED)
      await chmod(at(place), CLOSED)
      await bind(source, at(place, name))
      if (!there) await rename(at(place), at(parent))
    },
    async release({ parent, name }) {
      await must('umount', ['--', at(parent, name)], LIMIT)
      await chmod(at(parent), 0o755)
      await rmdir(at(parent, name))
      await rmdir(at(parent))
    },
    async move({ parent, name, source }) {
      await must('umount', ['--', at(parent, name)], LIMIT)
      await bind(source, at(parent, name))
    },
    async detach({ parent, name }) {
      await must('umount', ['--lazy', '--no-canonicalize', '--', at(parent, name)], LIMIT)
    },
  }
}

/** Which directory that is; undefined for what is none, or does not answer. Links are not followed. */
async function idOf(path: string): Promise<string | undefined> {
  return await lstat(path).then(
    (found) => (found.isDirectory() ? `${found.dev}:${found.ino}` : undefined),
    () => undefined,
  )
}
