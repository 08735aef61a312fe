import { mountedAt } from '../../mountinfo.ts'
import type { Facts } from '../plan/facts.ts'
import type { Inside } from './facts.ts'
import { mountsOf } from './mounts.ts'
import { must, run } from './run.ts'

/** The root of the volume, as a client of this PC shows it; it may stand still, and so is asked by a program with an end. */
export async function readRoot(inside: Inside, mount: string): Promise<Facts['root']> {
  if (!(await isClient(inside, mount))) return 'unread'
  const { code, stdout } = await run(inside, ['stat', '--format=%Y', mount], 5_000)
  return code === 0 ? { mtime: Number(stdout) * 1_000 } : 'unread'
}

/** Sets its mtime to now. @throws when no client shows it here */
export async function touchRoot(inside: Inside, mount: string): Promise<void> {
  if (!(await isClient(inside, mount))) throw new Error(`no client of the volume is mounted at ${mount}`)
  await must(inside, ['touch', '--no-create', mount])
}

const isClient = async ({ root }: Inside, mount: string): Promise<boolean> =>
  mountedAt(await mountsOf(root), mount)?.type === 'fuse.glusterfs'
