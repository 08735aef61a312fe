import type { Clock } from '../../lease/clock.ts'
import { fileProblem, type Problem, problem } from '../problem.ts'
import type { HomesCluster } from './cluster.ts'
import type { Decision, Verdict } from './decide.ts'
import type { OpenStorage } from './disk.ts'
import type { Person } from './observe.ts'

/** What acting came to. */
export interface Acted {
  readonly made: number
  readonly trashed: number
  /** Besides those of single people, which became verdicts. */
  readonly failures: readonly Error[]
  readonly verdicts: readonly Verdict[]
}

/** Requests and file operations under way at once. */
const AT_ONCE = 16

/** Carries a decision out; stops between two steps when the signal aborts, since another may lead then. */
export async function act(
  decision: Decision,
  storage: OpenStorage | undefined,
  cluster: HomesCluster,
  skeleton: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<Acted> {
  const failures: Error[] = []
  const failed = new Map<Person, Problem>()
  let made = 0
  let trashed = 0
  const blame = (person: Person | undefined, trouble: Problem, error: unknown): void => {
    if (person) failed.set(person, trouble)
    else failures.push(error instanceof Error ? error : new Error(String(error)))
  }
  if (storage) {
    if (decision.found) await storage.found()
    if (decision.homes.length > 0 || decision.shared !== undefined) await storage.sweep()
    await each(decision.homes, signal, async (person) => {
      await storage.make(person, skeleton).then(
        () => made++,
        (error) => blame(person, fileProblem(error), error),
      )
    })
    await each(decision.markers, signal, (person) =>
      storage.mark(person).catch((error) => blame(person, fileProblem(error), error)),
    )
    if (decision.shared !== undefined && !signal.aborted) {
      await storage.makeShared(decision.shared).catch((error) => blame(undefined, fileProblem(error), error))
    }
  }
  await each(decision.pairs, signal, async ({ pair, person, step }) => {
    if (person && failed.has(person)) return
    const work =
      step.step === 'make-volume'
        ? cluster.makeVolume(pair, step.claimUid)
        : step.step === 'make-claim'
          ? cluster.makeClaim(pair)
          : cluster.release(pair.volume, step.claimUid)
    await work.catch((error) => {
      const trouble = problem('ApiRefused', sentence(error), 'it is tried again; see the log of homes')
      blame(person, trouble, new Error(`${pair.claim}: ${sentence(error)}`, { cause: error }))
    })
  })
  await each(decision.departures, signal, async (one) => {
    try {
      if (one.step === 'remove-claim') await cluster.removeClaim(one.claim, one.uid)
      else if (one.step === 'remove-volume') await cluster.removeVolume(one.volume)
      else if (storage) {
        await storage.discard(one.entryUUID, one.login, clock.wall())
        trashed++
        if (one.volume) await cluster.removeVolume(one.volume)
      }
    } catch (error) {
      failures.push(new Error(`${one.step}: ${sentence(error)}`, { cause: error }))
    }
  })
  const verdicts = [
    ...decision.verdicts.filter(({ person }) => !failed.has(person)),
    ...[...failed].map(([person, trouble]) => ({ person, problem: trouble })),
  ]
  await each(verdicts, signal, async (verdict) => {
    try {
      await cluster.say(verdict, clock.wall())
      const { problem: trouble, person } = verdict
      const news = trouble && trouble.reason !== person.condition?.reason && trouble.reason !== 'Binding'
      if (news) await cluster.tell(person, trouble, clock.wall())
    } catch (error) {
      failures.push(new Error(`${verdict.person.slug}: ${sentence(error)}`, { cause: error }))
    }
  })
  return { made, trashed, failures, verdicts }
}

/** The first line: client-node's message is the whole answer, headers and all. */
const sentence = (error: unknown): string => {
  const text = error instanceof Error ? error.message : String(error)
  return /"message":"((?:[^"\\]|\\.)*)"/.exec(text.replaceAll('\\"', '"'))?.[1] ?? text.split('\n')[0] ?? ''
}

async function each<T>(
  items: readonly T[],
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length && !signal.aborted) {
      const item = items[next++]
      if (item !== undefined) await work(item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker))
}
