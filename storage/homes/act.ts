import { failureOf, reasonOf } from '../../cluster/answer.ts'
import type { Events } from '../../cluster/events.ts'
import type { Clock } from '../../service/clock.ts'
import { atOnce } from '../../service/turns.ts'
import type { PlaceRecords } from '../places/cluster.ts'
import { fileProblem, type Problem, problem } from '../problem.ts'
import type { HomesCluster } from './cluster.ts'
import type { Decision } from './decide.ts'
import type { Departure } from './depart.ts'
import type { OpenStorage } from './disk.ts'
import type { HomeOwner } from './facts.ts'
import { eventOf, findingEvent, type Verdict } from './verdict.ts'

/** What is acted on. `storage` is undefined where the storage directory cannot be opened. */
export interface Effects {
  readonly storage: OpenStorage | undefined
  readonly cluster: HomesCluster
  /** Where it is said on which of two storages homes lie; undefined where there is only one. */
  readonly places?: Pick<PlaceRecords, 'make'> | undefined
  readonly events: Events
  /** What new homes begin with, such as /etc/skel. */
  readonly skeleton: string
  readonly clock: Clock
}

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

/** What failed until now: for a person, whose verdict it becomes, or for nobody in particular. */
interface Failures {
  readonly ofPeople: Map<HomeOwner, Problem>
  readonly others: Error[]
}

/** Carries a decision out; stops between two steps when the signal aborts, since another may lead then. */
export async function act(decision: Decision, effects: Effects, signal: AbortSignal): Promise<Acted> {
  const failures: Failures = { ofPeople: new Map(), others: [] }
  const made = effects.storage ? await makeFolders(decision, effects.storage, effects, failures, signal) : 0
  await makePairs(decision, effects, failures, signal)
  const trashed = await depart(decision, effects, failures, signal)
  const { ofPeople, others } = failures
  const verdicts = [
    ...decision.verdicts.filter(({ person }) => !ofPeople.has(person)),
    ...[...ofPeople].map(([person, trouble]) => ({ person, problem: trouble })),
  ]
  await tellVerdicts(verdicts, effects, failures, signal)
  if (!signal.aborted) await effects.events.warn(decision.findings.map(findingEvent))
  return { made, trashed, failures: others, verdicts }
}

/** @returns how many homes were made. */
async function makeFolders(
  { found, said, homes, markers, shared, folders }: Decision,
  storage: OpenStorage,
  { skeleton, places }: Effects,
  { ofPeople, others }: Failures,
  signal: AbortSignal,
): Promise<number> {
  let made = 0
  if (found) await storage.found()
  await atOnce(said, AT_ONCE, signal, async ({ name, side }) => {
    await places?.make(name, side).catch((error: unknown) => others.push(failureOf(name, error)))
  })
  if (homes.length > 0 || shared !== undefined || folders.length > 0) await storage.sweep()
  await atOnce(homes, AT_ONCE, signal, async (person) => {
    try {
      await storage.make(person, skeleton)
      made++
    } catch (error) {
      ofPeople.set(person, fileProblem(error))
    }
  })
  await atOnce(markers, AT_ONCE, signal, async (person) => {
    await storage.mark(person).catch((error: unknown) => ofPeople.set(person, fileProblem(error)))
  })
  if (shared !== undefined && !signal.aborted) {
    await storage.makeShared(shared).catch((error: unknown) => others.push(failureOf('shared', error)))
  }
  for (const folder of folders) {
    if (signal.aborted) break
    await storage.makeFolder(folder).catch((error: unknown) => others.push(failureOf(folder.path, error)))
  }
  return made
}

async function makePairs(
  { pairs }: Decision,
  { cluster }: Effects,
  { ofPeople, others }: Failures,
  signal: AbortSignal,
): Promise<void> {
  await atOnce(pairs, AT_ONCE, signal, async ({ pair, person, step }) => {
    if (person && ofPeople.has(person)) return
    try {
      if (step.step === 'make-volume') await cluster.makeVolume(pair, step.claimUid)
      else if (step.step === 'make-claim') await cluster.makeClaim(pair)
      else await cluster.release(pair.volume, step.claimUid)
    } catch (error) {
      if (!person) others.push(failureOf(pair.claim, error))
      else
        ofPeople.set(
          person,
          problem('ApiRefused', reasonOf(error), 'it is tried again; see the log of homes'),
        )
    }
  })
}

/** @returns how many homes went to the trash. */
async function depart(
  { departures }: Decision,
  { storage, cluster, clock }: Effects,
  { others }: Failures,
  signal: AbortSignal,
): Promise<number> {
  let trashed = 0
  const take = async (one: Departure): Promise<void> => {
    if (one.step === 'remove-claim') await cluster.removeClaim(one.claim, one.uid)
    else if (one.step === 'remove-volume') await cluster.removeVolume(one.volume)
    else if (storage) {
      await storage.discard(one.entryUUID, one.login, clock.wall())
      trashed++
      if (one.volume) await cluster.removeVolume(one.volume)
    }
  }
  await atOnce(departures, AT_ONCE, signal, async (one) => {
    await take(one).catch((error: unknown) => others.push(failureOf(one.step, error)))
  })
  return trashed
}

async function tellVerdicts(
  verdicts: readonly Verdict[],
  { cluster, events, clock }: Effects,
  { others }: Failures,
  signal: AbortSignal,
): Promise<void> {
  await atOnce(verdicts, AT_ONCE, signal, async (verdict) => {
    await cluster
      .say(verdict, clock.wall())
      .catch((error: unknown) => others.push(failureOf(verdict.person.slug, error)))
  })
  await events.warn(verdicts.flatMap((verdict) => eventOf(verdict) ?? []))
}
