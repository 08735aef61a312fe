import type { Clock } from '../../service/clock.ts'
import { turns } from '../../service/turns.ts'
import { seal } from '../copy.ts'
import type { Directory } from '../directory.ts'
import { mustBeWhole } from '../restoring.ts'
import { takeSnapshot } from '../snapshot.ts'
import { isDue, type KeptCopy, nameOf, newest, type Schedule, superfluous, unworthy } from './decide.ts'
import type { CopyFolder } from './folder.ts'

export interface Work {
  readonly directory: Directory
  readonly folder: CopyFolder
  readonly clock: Clock
  readonly schedule: Schedule
  /** Public keys. */
  readonly recipients: readonly string[]
  readonly listener: Listener
  /** Ms between two looks, and after one that failed. */
  readonly rhythm?: { readonly look: number; readonly again: number }
}

export interface Listener {
  /** The newest that lies there, and how many do. */
  looked(newest: KeptCopy | undefined, count: number): void
  made(name: string, bytes: number): void
  removed(name: string): void
  failed(error: unknown): void
}

const RHYTHM = { look: 60_000, again: 30_000 }

/** Makes a copy whenever one is due, until the signal aborts. */
export async function keepCopies(work: Work, signal: AbortSignal): Promise<void> {
  const { clock, listener, rhythm = RHYTHM } = work
  const rest = (well: true | undefined) => (well ? rhythm.look : rhythm.again)
  await turns(clock, { rest, failed: listener.failed }, signal, async () => {
    await pass(work)
    return true as const
  })
}

async function pass(work: Work): Promise<void> {
  const { folder, clock, schedule, listener } = work
  const now = () => clock.wall().getTime()
  const before = await folder.list()
  listener.looked(newest(before, now()), before.length)
  if (isDue(before, now(), schedule)) await make(work, before)
  const copies = await folder.list()
  for (const { name } of superfluous(copies, now())) {
    await folder.remove(name)
    listener.removed(name)
  }
  const left = await folder.list()
  listener.looked(newest(left, now()), left.length)
}

async function make(
  { directory, folder, clock, recipients, listener }: Work,
  before: readonly KeptCopy[],
): Promise<void> {
  await mustBeWhole(directory)
  const snapshot = await takeSnapshot(directory)
  const at = clock.wall()
  const { manifest, bytes } = await seal(directory.baseDN, snapshot, at, recipients)
  const why = unworthy(manifest.people, before)
  if (why !== undefined) throw new Error(why)
  const name = nameOf(at.getTime(), manifest.people)
  await folder.write(name, bytes)
  listener.made(name, bytes.length)
}
