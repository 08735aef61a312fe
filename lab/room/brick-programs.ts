import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageTree } from '../debian/packages.ts'
import type { Machine } from '../machine/machine.ts'
import { BRICK_SIZE_FOLDER } from './brick.ts'

const run = promisify(execFile)

/** Debian's standard system cannot make XFS, and a brick of the lab is there before anybody has installed anything. */
const XFS = { suite: 'trixie', packages: ['xfsprogs'], programs: ['mkfs.xfs', 'xfs_io'] } as const

const FOLDER = 'xfs'

/** Where a blank PC finds them; not in its PATH, so that the installer misses them as on a real one. */
export const BRICK_PROGRAMS = `${BRICK_SIZE_FOLDER}/${FOLDER}/wrappers`

/** Puts them where the PCs read how large their bricks are. */
export async function layBrickPrograms(machine: Machine, progress: (line: string) => void): Promise<void> {
  const { root } = await packageTree(XFS, progress)
  const to = join(machine.share, 'bricks', FOLDER)
  // PCs cannot write there, so names of the same files will do, where both lie on one disk.
  await run('cp', ['-al', root, to]).catch(() => run('cp', ['-a', '-T', root, to]))
}
