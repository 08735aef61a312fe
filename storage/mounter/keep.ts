import type { Clock } from '../../service/clock.ts'
import { newBell, turns } from '../../service/turns.ts'
import { act } from './act.ts'
import type { Trouble } from './client/facts.ts'
import type { Volume, VolumeTurn } from './client/volume.ts'
import type { MounterCluster } from './cluster.ts'
import { type Decision, decide } from './decide.ts'
import type { Mounts } from './mounts.ts'
import { observe, type Seen } from './observe.ts'

export interface Work {
  readonly mounts: Mounts
  /** The volume that this PC mounts itself; undefined where the storage directory is there by other means. */
  readonly volume?: Volume | undefined
  readonly cluster: MounterCluster
  readonly clock: Clock
  readonly listener: Listener
  /** Milliseconds to the next look: when nothing happens, and while something is awaited. */
  readonly rhythm?: Rhythm
}

interface Rhythm {
  readonly idle: number
  readonly soon: number
  /** While the volume is not to be had, which nobody here can mend. */
  readonly ailing: number
}

export interface Listener {
  passed(pass: { readonly storage: boolean; readonly mounted: number; readonly awaited: number }): void
  /** What came of looking after the volume's clients. */
  turned(turn: VolumeTurn): void
  failed(error: unknown): void
}

const RHYTHM: Rhythm = { idle: 10_000, soon: 500, ailing: 2_000 }
/** What passes within moments. */
const SOON: readonly (Trouble | undefined)[] = ['starting', 'start-failed']

/** Keeps on this PC the mounts that its pods need, until the signal aborts. Mounts stay when it ends. */
export async function keepMounts(work: Work, signal: AbortSignal): Promise<void> {
  const { clock, cluster, listener, rhythm = RHYTHM } = work
  const bell = newBell()
  cluster.onChange(bell.ring)
  work.volume?.onChange(bell.ring)
  const rest = (state: keyof Rhythm = 'soon'): number => rhythm[state]
  await turns(clock, { rest, failed: listener.failed, bell }, signal, () => pass(work))
}

/** @returns when the next look shall be. */
async function pass({ mounts, volume, cluster, listener }: Work): Promise<keyof Rhythm> {
  // Before the pods are known: a volume is good for whoever comes.
  const turn = await volume?.turn()
  if (turn) listener.turned(turn)
  // Until the pods are known, a home that one of them uses could be taken for one that nobody does.
  if (!cluster.readable()) return 'soon'
  const seen = await observe(cluster, mounts, volume !== undefined)
  const { storage, mounted } = seen.observed
  const decision = decide(seen.observed)
  const failures = await act(decision, mounts)
  for (const failure of failures) listener.failed(failure)
  const awaited = awaitedAfter(seen, decision) + failures.length
  listener.passed({ storage, mounted: mounted.length + decision.mount.length, awaited })
  const trouble = turn?.decision.trouble
  if (trouble && !SOON.includes(trouble)) return 'ailing'
  return storage && awaited === 0 && !trouble ? 'idle' : 'soon'
}

/** Homes that pods wait for: not ready, not there yet, or still in the way of another. */
function awaitedAfter({ observed: { wanted }, notReady }: Seen, { release }: Decision): number {
  const unsettled = release.filter((one) => wanted.some(({ parent }) => parent === one.parent)).length
  const absent = wanted.filter(({ id, always }) => id === undefined && !always).length
  return notReady + absent + unsettled
}
