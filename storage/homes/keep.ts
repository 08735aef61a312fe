import type { Clock } from '../../lease/clock.ts'
import { fileProblem, type Problem } from '../problem.ts'
import { type Acted, act } from './act.ts'
import type { HomesCluster } from './cluster.ts'
import { type Decision, decide, type Rules } from './decide.ts'
import { type OpenStorage, openStorage } from './disk.ts'

export interface Work {
  /** The storage directory. */
  readonly root: string
  /** What new homes begin with, such as /etc/skel. */
  readonly skeleton: string
  readonly cluster: HomesCluster
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

/** Keeps homes and volumes as the Identities say, until the signal aborts. */
export async function keepHomes(work: Work, signal: AbortSignal): Promise<void> {
  const { clock, listener, rhythm = RHYTHM } = work
  let missing: ReadonlyMap<string, number> = new Map()
  while (!signal.aborted) {
    const began = clock.now()
    let unfinished = false
    try {
      const decision = await pass(work, missing, signal)
      missing = decision.missing
      unfinished = decision.unfinished
    } catch (error) {
      listener.failed(error)
    }
    const took = clock.now() - began
    // A pass over very many homes leaves the processor and the API server to others for four times as long.
    await clock.sleep(Math.max(unfinished ? rhythm.soon : rhythm.idle, took * 4), signal)
  }
}

async function pass(
  { root, skeleton, cluster, clock, rules, listener }: Work,
  missing: ReadonlyMap<string, number>,
  signal: AbortSignal,
): Promise<Decision> {
  const began = clock.now()
  const opened = await openStorage(root).catch((error): Problem => fileProblem(error))
  const storage: OpenStorage | undefined = 'reason' in opened ? undefined : opened
  try {
    // People first: whoever is published while the rest is read is simply made in the next pass.
    const people = await cluster.people()
    const [volumes, claims] = await Promise.all([cluster.volumes(), cluster.claims()])
    const disk = 'reason' in opened ? { state: 'failed' as const, problem: opened } : await opened.look()
    const decision = decide({ people, disk, volumes, claims }, missing, clock.now(), rules)
    const acted = await act(decision, storage, cluster, skeleton, clock, signal)
    listener.passed(decision, acted, clock.now() - began)
    return decision
  } finally {
    await storage?.close()
  }
}
