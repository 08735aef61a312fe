import { join } from 'node:path'
import { up as upLab } from '../../lab/bare/bare.ts'
import { startPlatform } from '../../lab/bare/platform.ts'
import { deliver, handOverBackwards } from '../../lab/delivery/deliver.ts'
import { refuseMachine } from '../../lab/gluster/gluster.ts'
import { glusterRoot } from '../../lab/gluster/root.ts'
import { up as upRoom } from '../../lab/room/room.ts'
import type { Lane } from './lane.ts'
import { runWithSecondTry } from './once-more.ts'
import type { Part } from './run.ts'

/**
 * The lanes of a whole run, by what their tests need. A lane's patience is longer than any single test of it may take
 * (`t.timeout`): ava ends a slow test by itself, and names it.
 */

const root = join(import.meta.dirname, '../..')
const MINUTE = 60_000

/** Kinds of tests that need more than this machine as it is: `name.KIND.test.ts`. */
const KINDS = ['lab', 'room', 'room-alone', 'gluster', 'drill', 'kind'] as const

/** The kind of a test file by its name; `unit` needs nothing. */
export type Kind = 'unit' | (typeof KINDS)[number]

export const kindOf = (file: string): Kind => {
  const named = /\.([a-z-]+)\.test\.ts$/.exec(file)?.[1]
  return KINDS.find((kind) => kind === named) ?? 'unit'
}

/** What needs no lab. */
export const unitLane = (
  files: readonly string[] = ['test/**/*.test.ts', ...KINDS.map((kind) => `!test/**/*.${kind}.test.ts`)],
): Lane => ({
  title: 'tests without a lab',
  folder: root,
  args: [...files, '--concurrency=2'],
  patience: 5 * MINUTE,
})

/** What compares the machine before and after, and so runs beside nothing else of this run. */
export const aloneLane = (files: readonly string[] = ['test/**/*.room-alone.test.ts']): Lane => ({
  title: 'tests that compare the machine',
  folder: root,
  args: [...files, '--concurrency=1', '--timeout=60m'],
  patience: 61 * MINUTE,
})

const labLane = (name: string, files: readonly string[]): Lane => ({
  title: 'tests on the lab',
  folder: root,
  args: [...files, '--concurrency=1', '--timeout=5m'],
  env: { DESKFLEET_LAB: name },
  patience: 16 * MINUTE,
})

const roomLane = (name: string, files: readonly string[], patience = 16): Lane => ({
  title: 'tests in the room',
  folder: root,
  args: [...files, '--concurrency=1', `--timeout=${patience - 6}m`],
  env: { DESKFLEET_ROOM: name },
  patience: patience * MINUTE,
})

const glusterLane = (files: readonly string[]): Lane => ({
  title: 'tests on real Gluster',
  folder: root,
  args: [...files, '--concurrency=1', '--timeout=10m'],
  patience: 11 * MINUTE,
})

/** Folders whose tests on a lab run side by side, since most of the time they wait; all others are one more part. Each has its lab. */
const LAB_PARTS = [
  ['certificates', 'gateway'],
  ['charts', 'door', 'identity', 'installer', 'main-job', 'orchestrator'],
].map((folders) => folders.map((folder) => `test/${folder}/**/*.lab.test.ts`))
export const onLabs = (): Part[] => LAB_PARTS.map((files) => onLab(files))
export const onLastLab = (): Part =>
  onLab(['test/**/*.lab.test.ts', ...LAB_PARTS.flat().map((files) => `!${files}`)])

let labs = 0

/** Brings up one lab with the platform, runs what shares it, and ends the lab. */
export const onLab =
  (files: readonly string[] = ['test/**/*.lab.test.ts']): Part =>
  async (surroundings) => {
    const { say } = surroundings
    const name = `test-${process.pid}-${++labs}`
    say(`bringing up the lab ${name}`)
    const lab = await upLab({ name, ldap: true, ownerPid: process.pid, progress: say })
    try {
      await startPlatform(lab, say)
      return await runWithSecondTry(labLane(name, files), surroundings)
    } finally {
      say('ending the lab')
      await lab.down()
    }
  }

/** Brings up one room, delivers the platform into it, runs what shares it, and ends the room. */
export const inRoom =
  (files: readonly string[] = ['test/**/*.room.test.ts'], patience?: number): Part =>
  async (surroundings) => {
    const { say } = surroundings
    const name = `test-room-${process.pid}`
    say(`bringing up the room ${name}: 3 masters, 2 workers`)
    const room = await upRoom({ name, masters: 3, workers: 2, ownerPid: process.pid, progress: say })
    try {
      await deliver(room, say, { hand: handOverBackwards })
      return await runWithSecondTry(roomLane(name, files, patience), surroundings)
    } finally {
      say('ending the room')
      await room.down()
    }
  }

/** Each file has PCs of its own, with real Gluster; the first time, the Debian that they stand on is made. */
export const onGluster =
  (files: readonly string[] = ['test/**/*.gluster.test.ts']): Part =>
  async (surroundings) => {
    const refusal = refuseMachine()
    if (refusal !== undefined) throw new Error(refusal)
    await glusterRoot(surroundings.say)
    return await runWithSecondTry(glusterLane(files), surroundings)
  }

/** What takes longer than a whole run has time for: a room for each run, an hour at most. */
export const drill = (files: readonly string[] = ['test/**/*.drill.test.ts']): Part => inRoom(files, 66)
