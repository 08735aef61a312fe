import { SHARED_CLAIM } from '../../config/names.ts'
import type { Clock } from '../../service/clock.ts'
import { newBell, turns } from '../../service/turns.ts'
import { act } from './act.ts'
import type { MounterCluster } from './cluster.ts'
import { type Decision, decide } from './decide.ts'
import type { Mounts } from './mounts.ts'
import { observe, type Seen } from './observe.ts'

export interface Work {
  readonly mounts: Mounts
  readonly cluster: MounterCluster
  readonly clock: Clock
  readonly listener: Listener
  /** Milliseconds to the next look when nothing happens, and while something is awaited. */
  readonly rhythm?: { readonly idle: number; readonly soon: number }
}

export interface Listener {
  passed(pass: { readonly storage: boolean; readonly mounted: number; readonly awaited: number }): void
  failed(error: unknown): void
}

const RHYTHM = { idle: 10_000, soon: 500 }

/** Keeps on this PC the mounts that its pods need, until the signal aborts. Mounts stay when it ends. */
export async function keepMounts(work: Work, signal: AbortSignal): Promise<void> {
  const { clock, cluster, listener, rhythm = RHYTHM } = work
  const bell = newBell()
  cluster.onChange(bell.ring)
  const rest = (settled: boolean | undefined): number => (settled ? rhythm.idle : rhythm.soon)
  await turns(clock, { rest, failed: listener.failed, bell }, signal, () => pass(work))
}

/** @returns whether all is as it shall be, so that the next look may be late. */
async function pass({ mounts, cluster, listener }: Work): Promise<boolean> {
  // Until the pods are known, a home that one of them uses could be taken for one that nobody does.
  if (!cluster.readable()) return false
  const seen = await observe(cluster, mounts)
  const { storage, mounted } = seen.observed
  const decision = decide(seen.observed)
  const failures = await act(decision, mounts)
  for (const failure of failures) listener.failed(failure)
  const awaited = awaitedAfter(seen, decision) + failures.length
  listener.passed({ storage, mounted: mounted.length + decision.mount.length, awaited })
  return storage && awaited === 0
}

/** Homes that pods wait for: not ready, not there yet, or still in the way of another. */
function awaitedAfter({ observed: { wanted }, notReady }: Seen, { release }: Decision): number {
  const unsettled = release.filter((one) => wanted.some(({ parent }) => parent === one.parent)).length
  const absent = wanted.filter(({ id, parent }) => id === undefined && parent !== SHARED_CLAIM).length
  return notReady + absent + unsettled
}
