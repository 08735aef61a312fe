import type { Events } from '../../cluster/events.ts'
import type { Clock } from '../../service/clock.ts'
import { turns } from '../../service/turns.ts'
import type { PlaceRecords } from '../places/cluster.ts'
import { fileProblem, type Problem } from '../problem.ts'
import { type Acted, act } from './act.ts'
import type { HomesCluster } from './cluster.ts'
import { type Decision, decide, type Rules } from './decide.ts'
import type { OpenStorage } from './disk.ts'
import { observe } from './observe.ts'
import { openAll } from './opened.ts'

export interface Work {
  /** The storage directory. */
  readonly root: string
  /** Whether that must be a mounted Gluster volume. */
  readonly volume?: boolean
  /** The storage that homes are moved away from, and where it is said which lie there. */
  readonly from?: { readonly root: string; readonly records: PlaceRecords } | undefined
  /** What new homes begin with, such as /etc/skel. */
  readonly skeleton: string
  readonly cluster: HomesCluster
  readonly events: Events
  readonly clock: Clock
  readonly rules: Rules
  readonly listener: Listener
  /** Milliseconds to the next pass: while something is unfinished, and otherwise. */
  readonly rhythm?: { readonly soon: number; readonly idle: number }
}

export interface Listener {
  passed(decision: Decision, acted: Acted, milliseconds: number): void
  failed(error: unknown): void
}

const RHYTHM = { soon: 1_000, idle: 5_000 }
/** Times as long as a pass took, the processor and the API server are left to others. */
const SHARE = 4
/** Milliseconds: a pass that waited for a disk or for the API server kept nobody busy, and people wait for the next. */
const LONGEST_REST = 15_000

/** Milliseconds to the next pass, behind one that took so many and left something unfinished or not. */
export const restAfter = (
  { soon, idle }: { readonly soon: number; readonly idle: number },
  unfinished: boolean,
  took: number,
): number => Math.max(unfinished ? soon : idle, Math.min(took * SHARE, LONGEST_REST))

/** Keeps homes and volumes as the Identities say, until the signal aborts. */
export async function keepHomes(work: Work, signal: AbortSignal): Promise<void> {
  const { clock, listener, rhythm = RHYTHM } = work
  let missing: ReadonlyMap<string, number> = new Map()
  await turns(
    clock,
    {
      rest: (decision: Decision | undefined, took) => restAfter(rhythm, decision?.unfinished ?? false, took),
      failed: listener.failed,
    },
    signal,
    async () => {
      const decision = await pass(work, missing, signal)
      missing = decision.missing
      return decision
    },
  )
}

async function pass(
  { root, volume, from, skeleton, cluster, events, clock, rules, listener }: Work,
  missing: ReadonlyMap<string, number>,
  signal: AbortSignal,
): Promise<Decision> {
  const began = clock.now()
  const opened = await openAll({ root, volume, from }).catch((error): Problem => fileProblem(error))
  const storage: OpenStorage | undefined = 'reason' in opened ? undefined : opened.storage
  try {
    const decision = decide(await observe(cluster, opened), missing, clock.now(), rules)
    const places = from?.records
    const acted = await act(decision, { storage, cluster, places, events, skeleton, clock }, signal)
    listener.passed(decision, acted, clock.now() - began)
    return decision
  } finally {
    await storage?.close()
  }
}
