import type { Clock } from '../../lease/clock.ts'
import type { Directory } from '../directory.ts'
import { DirectoryError } from '../errors.ts'
import type { Finding } from '../findings.ts'
import { act } from './act.ts'
import { type Census, rollOf, takeCensus, updateCensus } from './census.ts'
import { decide } from './decide.ts'
import type { Suspicion } from './guard.ts'
import type { Digest, Published } from './observe.ts'
import type { Store } from './store.ts'

/** Milliseconds from one look at what changed to the next, and between complete passes. */
export const RHYTHM = { delta: 3_000, full: 60_000 } as const

/** Who wants to know how it goes: logs, metrics, Events. */
export interface Listener {
  passed(pass: {
    readonly complete: boolean
    readonly people: number
    readonly findings: readonly Finding[]
    readonly changes: number
    readonly milliseconds: number
  }): void
  /** The directory did not answer as it should; what was published stays. */
  directoryFailed(error: DirectoryError): void
  /** The cluster did not take something; the next pass tries again. */
  clusterFailed(error: Error): void
}

export interface Work {
  readonly directory: Directory
  readonly store: Store
  readonly clock: Clock
  readonly listener: Listener
  readonly rhythm?: { readonly delta: number; readonly full: number }
}

/** What is remembered from pass to pass, for one term of leading. */
interface Memory {
  census?: Census
  published?: ReadonlyMap<string, Published>
  digest?: Digest | undefined
  suspicion?: Suspicion | undefined
  fullAt?: number
}

/** Keeps the cluster's Identities and digest as the directory says, until the signal aborts. */
export async function synchronise(work: Work, signal: AbortSignal): Promise<void> {
  const { clock, listener, rhythm = RHYTHM } = work
  const memory: Memory = {}
  while (!signal.aborted) {
    const began = clock.now()
    try {
      await pass(work, memory, signal)
    } catch (error) {
      // What the cluster looks like is no longer known for sure: the next pass reads it anew.
      delete memory.published
      if (error instanceof DirectoryError) listener.directoryFailed(error)
      else listener.clusterFailed(error instanceof Error ? error : new Error(String(error)))
    }
    await clock.sleep(rhythm.delta - (clock.now() - began), signal)
  }
}

async function pass(work: Work, memory: Memory, signal: AbortSignal): Promise<void> {
  const { directory, store, clock, listener, rhythm = RHYTHM } = work
  const began = clock.now()
  const known = memory.census
  const complete = !known || memory.fullAt === undefined || began - memory.fullAt >= rhythm.full
  const { census, news } = complete
    ? { census: await takeCensus(directory), news: true }
    : await updateCensus(directory, known)
  const fresh = complete || !memory.published
  const digest = await store.readDigest()
  const untouched = !fresh && !news && digest?.version === memory.digest?.version
  if (untouched) memory.census = census
  if (untouched || signal.aborted) return

  const roll = rollOf(census)
  const published = fresh || !memory.published ? await store.list() : memory.published
  const observed = { people: roll.people, complete, published, digest }
  const decision = decide(observed, memory.suspicion, clock.wall())
  if (signal.aborted) return
  const acted = await act(decision, observed, store, clock, signal)

  memory.census = census
  memory.suspicion = decision.suspicion
  if (complete) memory.fullAt = began
  memory.digest = acted.digest
  memory.published = acted.published
  for (const failure of acted.failures) listener.clusterFailed(failure)
  if (acted.failures.length > 0) delete memory.published
  listener.passed({
    complete,
    people: acted.published.size,
    findings: [...roll.findings, ...decision.findings],
    changes: decision.upserts.length + decision.removals.length,
    milliseconds: clock.now() - began,
  })
}
