import { failureOf } from '../../cluster/answer.ts'
import type { Clock } from '../../service/clock.ts'
import { givingWay } from '../../service/steps.ts'
import { turns } from '../../service/turns.ts'
import type { Directory } from '../directory.ts'
import { DirectoryError } from '../errors.ts'
import type { DirectoryFinding } from '../findings.ts'
import { act } from './act.ts'
import { decideInSteps } from './decide.ts'
import { DOUBT } from './guard.ts'
import { type Memory, observe } from './observe.ts'
import type { Store } from './store.ts'

/**
 * Milliseconds from one look at what changed to the next, and between complete passes: only these see who was removed,
 * whose sessions shall end within seconds. `told`: so often at most the cluster is told that all was read.
 */
export const RHYTHM = { delta: 3_000, full: 15_000, doubt: DOUBT, told: 60_000 } as const
/** Where there are very many people, complete passes take no more than this part of the time. */
const FULL_SHARE = 1 / 20

/** Who wants to know how it goes: logs, metrics, Events. */
export interface Listener {
  passed(pass: {
    readonly complete: boolean
    readonly people: number
    readonly findings: readonly DirectoryFinding[]
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
  readonly rhythm?: {
    readonly delta: number
    readonly full: number
    readonly doubt?: number
    readonly told?: number
  }
}

/** Keeps the cluster's Identities and digest as the directory says, until the signal aborts. */
export async function synchronise(work: Work, signal: AbortSignal): Promise<void> {
  const { clock, listener, rhythm = RHYTHM } = work
  const memory: Memory = {}
  await turns(
    clock,
    {
      rest: (_, took) => rhythm.delta - took,
      failed(error) {
        // What the cluster looks like is no longer known for sure: the next pass reads it anew.
        delete memory.published
        if (error instanceof DirectoryError) listener.directoryFailed(error)
        else listener.clusterFailed(failureOf('the identity sync', error))
      },
    },
    signal,
    () => pass(work, memory, signal),
  )
}

async function pass(work: Work, memory: Memory, signal: AbortSignal): Promise<void> {
  const { store, clock, listener, rhythm = RHYTHM } = work
  const began = clock.now()
  const every = Math.max(rhythm.full, (memory.fullTook ?? 0) / FULL_SHARE)
  const seen = await observe(work, memory, began, every)
  if (seen.state === 'unchanged') {
    memory.census = seen.census
    return
  }
  const { census, roll, observed } = seen
  const decision = await givingWay(decideInSteps(observed, memory.suspicion, clock.wall(), rhythm.doubt))
  const read = clock.now()
  if (signal.aborted) return
  const acted = await act(decision, observed, store, clock, signal)

  memory.census = census
  memory.suspicion = decision.suspicion
  if (observed.complete) {
    memory.fullAt = began
    // Not the writing: after thousands were published, who is removed would be seen a quarter of an hour later.
    memory.fullTook = read - began
  }
  memory.digest = acted.digest
  memory.published = acted.published
  for (const failure of acted.failures) listener.clusterFailed(failure)
  if (acted.failures.length > 0) delete memory.published
  const isPublished = acted.failures.length === 0 && !decision.findings.some(isUnpublished)
  if (observed.complete && isPublished) await tellChecked(work, memory)
  listener.passed({
    complete: observed.complete,
    people: acted.published.size,
    findings: [...roll.findings, ...decision.findings],
    changes: decision.upserts.length + decision.removals.length,
    milliseconds: clock.now() - began,
  })
}

/** What was read is not what the cluster has. */
const isUnpublished = ({ reason }: DirectoryFinding): boolean => reason === 'DigestTooLarge'

/** Not at every pass: nobody asks for it to the second. That it could not be told keeps nothing else back. */
async function tellChecked({ store, clock, listener, rhythm = RHYTHM }: Work, memory: Memory): Promise<void> {
  const now = clock.now()
  if (memory.toldAt !== undefined && now - memory.toldAt < (rhythm.told ?? RHYTHM.told)) return
  try {
    await store.tellChecked(clock.wall())
    memory.toldAt = now
  } catch (error) {
    listener.clusterFailed(failureOf('telling when the directory was read', error))
  }
}
