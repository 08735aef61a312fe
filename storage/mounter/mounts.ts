import { chmod, lstat, mkdir, readFile, rename, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { must } from '../bounded.ts'
import { LAYOUT } from '../layout.ts'
import { type MountLine, mountLines } from '../mountinfo.ts'
import type { EarlyNotes } from './early-notes.ts'
import type { Mounted, Wanted } from './facts.ts'
import { dropNote, noteLock } from './lock-note.ts'

const VOLUME_TYPE = 'fuse.glusterfs'

/** A dead server keeps mount(8) waiting; the next pass tries again. */
const LIMIT = 20_000

type Place = Omit<Mounted, 'id' | 'waits' | 'old'>

/** Where this PC shows its homes, and what it takes them from. */
export interface Mounts {
  /** Whether the storage directory carries its marker. */
  storage(): Promise<boolean>
  list(): Promise<Mounted[]>
  /** Which directories stand there in the storage directory. */
  identify(wanted: readonly Pick<Wanted, 'source' | 'from'>[]): Promise<(string | undefined)[]>
  /** Whether there is another storage, which homes are moved away from and have not left for good. */
  beside(): Promise<boolean>
  mount(wanted: Place & Pick<Wanted, 'source' | 'from'>): Promise<void>
  /** Takes a mount off and its directories away; fails while something uses it. */
  release(mounted: Place): Promise<void>
  /** Shows the same from where it is taken from now; fails while something uses it. Its parent stays, since pods hold it. */
  move(wanted: Place & Pick<Wanted, 'source' | 'from'>): Promise<void>
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
  shown(
    mounts: readonly { readonly path: string; readonly device: string; readonly type: string }[],
  ): Promise<Shown[]>
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

export function mountsBelow(
  runDirectory: string,
  main: Source,
  beside?: Source & { left(): Promise<boolean> },
  early?: EarlyNotes,
): Mounts {
  const at = (...parts: string[]): string => join(runDirectory, ...parts)
  const sourceOf = ({ from }: Pick<Wanted, 'from'>): Source => (from && beside ? beside : main)
  const sourceAt = (wanted: Pick<Wanted, 'source' | 'from'>): string => {
    const directory = sourceOf(wanted).directory()
    if (directory === undefined) throw new Error('the storage directory is not there')
    return join(directory, wanted.source)
  }
  const bind = async (source: Pick<Wanted, 'source' | 'from'>, to: string): Promise<void> => {
    await must('mount', ['-o', 'bind,nosuid,nodev', '--', sourceAt(source), to], LIMIT)
  }
  return {
    storage: main.marked,
    beside: async () => beside !== undefined && !(await beside.left()),
    async list() {
      await mkdir(at('u'), { recursive: true, mode: 0o755 })
      await mkdir(at(MAKING), { recursive: true, mode: 0o700 })
      const lines = await mountsNow(runDirectory)
      // A crash between mount and rename: nobody saw it yet.
      for (const { point } of lines.filter((one) => one.point.startsWith(`${MAKING}/`))) {
        await must('umount', [at(point)], LIMIT)
      }
      const ours = lines.filter(({ point }) => /^(u\/[^/]+|shared|storage)\/[^/]+$/.test(point))
      const seen = ours.map(({ point, device, type }) => ({ path: at(point), device, type }))
      const shown = await shownBy(main, beside, seen)
      return ours.map(({ point }, index) => ({
        parent: dirname(point),
        name: point.slice(point.lastIndexOf('/') + 1),
        ...(shown[index] ?? { id: undefined }),
      }))
    },
    async identify(wanted) {
      const ids = new Map<Pick<Wanted, 'source' | 'from'>, string | undefined>()
      for (const source of beside ? [main, beside] : [main]) {
        const its = wanted.filter((one) => sourceOf(one) === source)
        const found = source.directory() === undefined ? [] : await source.identify(its.map(sourceAt))
        for (const [index, one] of its.entries()) ids.set(one, found[index])
      }
      return wanted.map((one) => ids.get(one))
    },
    async mount(wanted) {
      const { parent, name } = wanted
      // Nobody but root writes in the directory above, so what is seen here is what mount(8) will find.
      const [id] = await sourceOf(wanted).identify([sourceAt(wanted)])
      if (id === undefined) throw new Error(`${sourceAt(wanted)} is not a directory`)
      const there = await lstat(at(parent)).then(
        () => true,
        () => false,
      )
      // Pods wait for this directory to appear, so it appears with the mount already in it.
      const place = there ? parent : `${MAKING}/${parent.replaceAll('/', '+')}`
      await mkdir(at(place, name), { recursive: true })
      await chmod(at(place, name), CLOSED)
      await chmod(at(place), CLOSED)
      await bind(wanted, at(place, name))
      // Before it appears, so that whoever waits for the home finds it. Without it they wait longer, and that is all.
      if (parent.startsWith('u/')) {
        await noteLock(at(place, name), at(place), early?.of(wanted.source)).catch(() => {})
      }
      if (!there) await rename(at(place), at(parent))
    },
    async release({ parent, name }) {
      await must('umount', ['--', at(parent, name)], LIMIT)
      await chmod(at(parent), 0o755)
      await rmdir(at(parent, name))
      await dropNote(at(parent))
      await rmdir(at(parent))
    },
    async move(wanted) {
      const { parent, name } = wanted
      await must('umount', ['--', at(parent, name)], LIMIT)
      await bind(wanted, at(parent, name))
    },
    async detach({ parent, name }) {
      await must('umount', ['--lazy', '--no-canonicalize', '--', at(parent, name)], LIMIT)
    },
  }
}

/** A volume's client knows its own mounts; all others are directories. */
async function shownBy(
  main: Source,
  beside: Source | undefined,
  mounts: readonly { readonly path: string; readonly device: string; readonly type: string }[],
): Promise<Shown[]> {
  const isOf = ({ type }: { readonly type: string }): Source =>
    beside === undefined || type === VOLUME_TYPE ? main : beside
  const found = new Map<object, Shown | undefined>()
  for (const source of beside ? [main, beside] : [main]) {
    const its = mounts.filter((one) => isOf(one) === source)
    const shown = await source.shown(its)
    for (const [index, one] of its.entries()) found.set(one, shown[index])
  }
  return mounts.map((one) => found.get(one) ?? { id: undefined })
}

/** The storage that homes are moved away from. */
export const besideSource = (directory: string): Source & { left(): Promise<boolean> } => ({
  ...directorySource(directory),
  left: () =>
    lstat(join(directory, LAYOUT.left)).then(
      () => true,
      () => false,
    ),
})

/** Which directory that is; undefined for what is none, or does not answer. Links are not followed. */
async function idOf(path: string): Promise<string | undefined> {
  return await lstat(path).then(
    (found) => (found.isDirectory() ? `${found.dev}:${found.ino}` : undefined),
    () => undefined,
  )
}
