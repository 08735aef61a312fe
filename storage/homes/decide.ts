import { isNews } from '../../cluster/conditions.ts'
import { SHARED } from '../places/facts.ts'
import { type Problem, problem } from '../problem.ts'
import { type Departure, departures } from './depart.ts'
import type { Disk, Folder, HomeOwner, Observed } from './facts.ts'
import { type Pair, type PairStep, pairOf, pairStep, SHARED_PAIR } from './pair.ts'
import { problemOf } from './problems.ts'
import { decideShared, type SharedDecision } from './shared.ts'
import { type Space, spaceFindings } from './space.ts'
import { homeReady, type Verdict } from './verdict.ts'

/** What is to be done, in this order. */
export interface Decision {
  /** Whether this empty directory becomes the storage directory. */
  readonly found: boolean
  readonly homes: readonly HomeOwner[]
  /** Of these homes it is said on which of two storages they lie; until then nothing is done for them. */
  readonly said: NonNullable<Observed['unsaid']>
  /** People whose home lost its marker; the directory's name still proves whose it is. */
  readonly markers: readonly HomeOwner[]
  /** The gid that the shared folder is made with. */
  readonly shared: number | undefined
  readonly folders: readonly Folder[]
  readonly pairs: readonly {
    readonly pair: Pair
    readonly person: HomeOwner | undefined
    readonly step: Extract<PairStep, { step: 'make-volume' | 'make-claim' | 'release' }>
  }[]
  readonly departures: readonly Departure[]
  /** Only those that differ from what stands. */
  readonly verdicts: readonly Verdict[]
  readonly ready: number
  readonly notReady: number
  /** Undefined where the storage directory is not there. */
  readonly space: Space | undefined
  /** Troubles that are no single person's. */
  readonly findings: readonly Problem[]
  /** Who was missing, and since when (ms of the clock); for the next decision. */
  readonly missing: ReadonlyMap<string, number>
  /** Whether another pass soon will find more to do. */
  readonly unfinished: boolean
}

export interface Rules {
  /** Milliseconds that a removed person's home stays where it is. */
  readonly trashAfter: number
  /** Folders of programs, which are made where nothing stands. */
  readonly folders: readonly Folder[]
}

/**
 * Compares people with their homes and volumes. Pure. "Ready" is said only of what was seen to stand, so a new home
 * is ready one pass after it was made.
 */
export function decide(
  observed: Observed,
  before: ReadonlyMap<string, number>,
  now: number,
  rules: Rules,
): Decision {
  const { people, disk } = observed
  if (disk.state === 'there') return decideHomes(observed, disk, before, now, rules)
  const waits = { ...NOTHING, missing: before, notReady: people.length, unfinished: true }
  // Where another storage has the homes, this one is new.
  if (disk.state === 'empty' && (observed.held !== undefined || !wasUsed(observed)))
    return { ...waits, found: true }
  const trouble = disk.state === 'failed' ? disk.problem : notThere
  const verdicts = people.map((person) => ({ person, problem: trouble })).filter(isNewVerdict)
  return { ...waits, verdicts, findings: [trouble] }
}

const NOTHING: Decision = {
  found: false,
  homes: [],
  said: [],
  markers: [],
  shared: undefined,
  folders: [],
  pairs: [],
  departures: [],
  verdicts: [],
  ready: 0,
  notReady: 0,
  space: undefined,
  findings: [],
  missing: new Map(),
  unfinished: false,
}

/** Whether homes were ever made, so that an empty directory is one that is not mounted. */
const wasUsed = ({ people, volumes }: Observed): boolean =>
  volumes.has(SHARED_PAIR.volume) ||
  [...volumes.values()].some((one) => one.ours) ||
  people.some((one) => one.condition?.status === 'True')

const notThere = problem(
  'StorageNotThere',
  'the storage directory is empty, though homes were made before',
  'mount it on every PC; nothing is made or removed until it is back',
)

const WAITING: SharedDecision = { make: undefined, step: undefined, findings: [] }

/** Whether the shared folder is being moved, or nobody has said yet where it lies. */
const isOfMover = ({ held, unsaid = [] }: Observed): boolean =>
  held?.has(SHARED) === true || unsaid.some(({ name }) => name === SHARED)

type DiskThere = Extract<Disk, { state: 'there' }>

function decideHomes(
  observed: Observed,
  disk: DiskThere,
  before: ReadonlyMap<string, number>,
  now: number,
  rules: Rules,
): Decision {
  const { people } = observed
  const each = eachHome(observed, disk)
  const leaving = departures(observed, disk.homes, before, now, rules.trashAfter)
  const shared = isOfMover(observed) ? WAITING : decideShared(observed, disk.shared)
  const pairs = [
    ...each.flatMap((one) => one.pair ?? []),
    ...(shared.step ? [{ pair: SHARED_PAIR, person: undefined, step: shared.step }] : []),
  ]
  const verdicts = each.flatMap((one) => one.verdict ?? [])
  const ready = verdicts.filter((one) => !one.problem).length
  return {
    found: false,
    homes: each.flatMap((one) => one.home ?? []),
    said: observed.unsaid ?? [],
    markers: each.flatMap((one) => one.marker ?? []),
    shared: shared.make,
    folders: rules.folders.filter(({ path }) => !disk.folders.has(path)),
    pairs,
    departures: leaving.departures,
    verdicts: verdicts.filter(isNewVerdict),
    ready,
    notReady: people.length - ready,
    space: disk.space,
    findings: [...leaving.findings, ...shared.findings, ...spaceFindings(disk.space)],
    missing: leaving.missing,
    unfinished:
      each.some((one) => one.making) ||
      (observed.unsaid ?? []).length > 0 ||
      pairs.length > 0 ||
      leaving.departures.length > 0 ||
      shared.make !== undefined,
  }
}

const moving = problem(
  'Moving',
  'the home is brought to another storage this moment',
  'it takes minutes at most; "npx deskfleet storage move --status" shows how far it is',
)

/** What is to be done for one person. */
interface OneHome {
  readonly home?: HomeOwner
  readonly marker?: HomeOwner
  readonly pair?: Decision['pairs'][number]
  readonly verdict?: Verdict
  /** Whether the next pass finds more to do. */
  readonly making: boolean
}

function eachHome(observed: Observed, disk: DiskThere): OneHome[] {
  const { people, volumes, claims, held, unsaid = [] } = observed
  const sharing = Map.groupBy(people, ({ entryUUID }) => entryUUID)
  const unknown = new Set(unsaid.map(({ name }) => name))
  return people.map((person): OneHome => {
    if (held?.has(person.entryUUID)) return { verdict: { person, problem: moving }, making: true }
    if (unknown.has(person.entryUUID)) return { making: true }
    const pair = pairOf(person)
    const volume = volumes.get(pair.volume)
    const home = disk.homes.get(person.entryUUID)
    const alike = sharing.get(person.entryUUID)?.length ?? 0
    const problem = problemOf(person, { sharing: alike, volume, home })
    if (problem) return { verdict: { person, problem }, making: false }
    const unmarked = home?.kind === 'directory' && home.marker === 'missing'
    return {
      ...(home ? {} : { home: person }),
      ...(unmarked ? { marker: person } : {}),
      ...afterStep(person, pair, pairStep(pair, volume, claims.get(pair.claim)), home !== undefined),
    }
  })
}

function afterStep(
  person: HomeOwner,
  pair: Pair,
  step: PairStep,
  there: boolean,
): Pick<OneHome, 'pair' | 'verdict' | 'making'> {
  if (step.step === 'wait' || step.step === 'refuse')
    return { verdict: { person, problem: step.problem }, making: true }
  if (step.step !== 'none') return { pair: { pair, person, step }, making: true }
  return there ? { verdict: { person, problem: undefined }, making: false } : { making: true }
}

const isNewVerdict = (verdict: Verdict): boolean => isNews(verdict.person.condition, homeReady(verdict))
