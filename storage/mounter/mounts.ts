import { execFile } from 'node:child_process'
import { chmod, lstat, mkdir, readFile, rename, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { LAYOUT } from '../layout.ts'
import type { Mounted, Wanted } from './facts.ts'

const run = promisify(execFile)
/** A dead server keeps mount(8) waiting; the next pass tries again. */
const LIMIT = { timeout: 20_000 }

/** Where this PC shows its homes, and what it takes them from. */
export interface Mounts {
  /** Whether the storage directory carries its marker. */
  storage(): Promise<boolean>
  list(): Promise<Mounted[]>
  /** Which directory stands there in the storage directory. */
  identify(source: string): Promise<string | undefined>
  mount(wanted: Omit<Wanted, 'id'>): Promise<void>
  /** Takes a mount off and its directories away; fails while something uses it. */
  release(mounted: Omit<Mounted, 'id'>): Promise<void>
  /** Takes a dead mount off, used or not; its directory stays for the next. */
  detach(mounted: Omit<Mounted, 'id'>): Promise<void>
}

/** Directories beneath mounts: of root, and nobody may write there while no mount stands. */
const CLOSED = 0o555
const MAKING = '.making'

export function mountsBelow(runDirectory: string, storage: string): Mounts {
  const at = (...parts: string[]): string => join(runDirectory, ...parts)
  return {
    storage: () =>
      lstat(join(storage, LAYOUT.marker)).then(
        (found) => found.isFile(),
        () => false,
      ),
    async list() {
      await mkdir(at('u'), { recursive: true, mode: 0o755 })
      await mkdir(at(MAKING), { recursive: true, mode: 0o700 })
      const points = mountPoints(await readFile('/proc/self/mountinfo', 'utf8'), runDirectory)
      // A crash between mount and rename: nobody saw it yet.
      for (const point of points.filter((one) => one.startsWith(`${MAKING}/`))) {
        await run('umount', [at(point)], LIMIT)
      }
      return await Promise.all(
        points
          .filter((point) => /^(u\/[^/]+|shared)\/[^/]+$/.test(point))
          .map(async (point) => {
            const name = point.slice(point.lastIndexOf('/') + 1)
            return { parent: dirname(point), name, id: await idOf(at(point)) }
          }),
      )
    },
    identify: (source) => idOf(join(storage, source)),
    async mount({ parent, name, source }) {
      const from = join(storage, source)
      // Nobody but root writes in the directory above, so what is seen here is what mount(8) will find.
      if (!(await lstat(from)).isDirectory()) throw new Error(`${from} is not a directory`)
      const there = await lstat(at(parent)).then(
        () => true,
        () => false,
      )
      // Pods wait for this directory to appear, so it appears with the mount already in it.
      const place = there ? parent : `${MAKING}/${parent.replaceAll('/', '+')}`
      await mkdir(at(place, name), { recursive: true })
      await chmod(at(place, name), CLOSED)
      await chmod(at(place), CLOSED)
      await run('mount', ['-o', 'bind,nosuid,nodev', '--', from, at(place, name)], LIMIT)
      if (!there) await rename(at(place), at(parent))
    },
    async release({ parent, name }) {
      await run('umount', ['--', at(parent, name)], LIMIT)
      await chmod(at(parent), 0o755)
      await rmdir(at(parent, name))
      await rmdir(at(parent))
    },
    async detach({ parent, name }) {
      await run('umount', ['--lazy', '--', at(parent, name)], LIMIT)
    },
  }
}

async function idOf(path: string): Promise<string | undefined> {
  return await stat(path).then(
    ({ dev, ino }) => `${dev}:${ino}`,
    () => undefined,
  )
}

/** The mount points below a directory, as names below it. */
function mountPoints(mountinfo: string, below: string): string[] {
  return mountinfo.split('\n').flatMap((line) => {
    const point = (line.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, octal) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    )
    return point.startsWith(`${below}/`) ? [point.slice(below.length + 1)] : []
  })
}
