import { UUID_PATTERN } from '../../config/home-marker.ts'
import { LOGIN_PATTERN, NAMESPACES, SLUG_PATTERN } from '../../config/names.ts'
import { type Problem, problem } from '../problem.ts'
import { type Departure, departures } from './depart.ts'
import type { Disk, HomeFact, Observed, Person } from './observe.ts'
import { type Pair, type PairStep, pairOf, pairStep, SHARED_PAIR } from './pair.ts'

/** What HomeReady is to say of one person. */
export interface Verdict {
  readonly person: Person
  /** undefined: ready. */
  readonly problem: Problem | undefined
}

/** What is to be done, in this order. */
export interface Decision {
  /** Whether this empty directory becomes the storage directory. */
  readonly found: boolean
  readonly homes: readonly Person[]
  /** People whose home lost its marker; the directory's name still proves whose it is. */
  readonly markers: readonly Person[]
  /** The gid that the shared folder is made with. */
  readonly shared: number | undefined
  readonly pairs: readonly {
    readonly pair: Pair
    readonly person: Person | undefined
    readonly step: Extract<PairStep, { step: 'make-volume' | 'make-claim' | 'release' }>
  }[]
  readonly departures: readonly Departure[]
  /** Only those that differ from what stands. */
  readonly verdicts: readonly Verdict[]
  readonly ready: number
  readonly notReady: number
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
}

/** The group that the shared folder belongs to. */
const PEOPLE = 'people'

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
  const { people, disk, volumes, claims } = observed
  const nothing = { homes: [], markers: [], shared: undefined, pairs: [], departures: [], missing: before }
  const everUsed =
    volumes.has(SHARED_PAIR.volume) ||
    [...volumes.values()].some((one) => one.ours) ||
    people.some((one) => one.condition?.ready)
  if (disk.state === 'empty' && !everUsed) {
    return {
      ...nothing,
      found: true,
      verdicts: [],
      ready: 0,
      notReady: people.length,
      findings: [],
      unfinished: true,
    }
  }
  if (disk.state !== 'there') {
    const trouble = disk.state === 'failed' ? disk.problem : notThere
    const verdicts = people.map((person) => ({ person, problem: trouble })).filter(isNews)
    return {
      ...nothing,
      found: false,
      verdicts,
      ready: 0,
      notReady: people.length,
      findings: [trouble],
      unfinished: true,
    }
  }

  const homes: Person[] = []
  const markers: Person[] = []
  const pairs: Decision['pairs'][number][] = []
  const verdicts: Verdict[] = []
  let making = 0
  const leave = departures(observed, disk.homes, before, now, rules.trashAfter)
  const shares = new Map<string, number>()
  for (const { entryUUID } of people) shares.set(entryUUID, (shares.get(entryUUID) ?? 0) + 1)

  for (const person of people) {
    const pair = pairOf(person)
    const unfit = unfitness(person, shares)
    const volume = volumes.get(pair.volume)
    const former = volume?.ours && volume.entryUUID !== '' && volume.entryUUID !== person.entryUUID
    const home = disk.homes.get(person.entryUUID)
    const wrong = unfit ?? (former ? formerPerson(pair) : home && wrongHome(person, home))
    if (wrong) {
      verdicts.push({ person, problem: wrong })
      continue
    }
    if (!home) homes.push(person)
    else if (home.kind === 'directory' && home.marker === 'missing') markers.push(person)
    const step = pairStep(pair, volume, claims.get(pair.claim))
    if (step.step === 'wait' || step.step === 'refuse') verdicts.push({ person, problem: step.problem })
    else if (step.step !== 'none') pairs.push({ pair, person, step })
    else if (home) verdicts.push({ person, problem: undefined })
    if (!home || step.step !== 'none') making++
  }

  const shared = sharedGid(people)
  const findings: Problem[] = [...leave.findings]
  if (disk.shared === 'other' || (disk.shared !== 'missing' && !sharedIsRight(disk.shared, shared))) {
    findings.push(wrongShared(shared))
  }
  if (disk.shared !== 'missing') {
    const step = pairStep(SHARED_PAIR, volumes.get(SHARED_PAIR.volume), claims.get(SHARED_PAIR.claim))
    if (step.step === 'refuse') findings.push(step.problem)
    else if (step.step !== 'none' && step.step !== 'wait')
      pairs.push({ pair: SHARED_PAIR, person: undefined, step })
  }
  const ready = verdicts.filter((one) => !one.problem).length
  return {
    found: false,
    homes,
    markers,
    shared: disk.shared === 'missing' ? shared : undefined,
    pairs,
    departures: leave.departures,
    verdicts: verdicts.filter(isNews),
    ready,
    notReady: people.length - ready,
    findings,
    missing: leave.missing,
    unfinished:
      making > 0 ||
      pairs.length > 0 ||
      leave.departures.length > 0 ||
      (disk.shared === 'missing' && shared !== undefined),
  }
}

const notThere = problem(
  'StorageNotThere',
  'the storage directory is empty, though homes were made before',
  'mount it on every PC; nothing is made or removed until it is back',
)

const formerPerson = (pair: Pair): Problem =>
  problem(
    'FormerPerson',
    `the volume ${pair.volume} still belongs to a removed person of the same login`,
    `it goes by itself once no pod uses the claim ${pair.claim}; stop the old desktop`,
  )

/** The patterns of the definition are checked again: these names become paths that root walks. */
function unfitness(person: Person, shares: ReadonlyMap<string, number>): Problem | undefined {
  const { slug, login, entryUUID } = person
  const fit = SLUG_PATTERN.test(slug) && LOGIN_PATTERN.test(login) && UUID_PATTERN.test(entryUUID)
  if (!fit || login === '.' || login === '..') {
    return problem('EntryUnfit', 'its login, slug or entryUUID cannot name a directory', 'correct it in LDAP')
  }
  if (shares.get(entryUUID) === 1) return undefined
  const what = `another Identity has the same entryUUID ${entryUUID}, as while a login is renamed`
  return problem('EntryUnfit', what, 'it passes when the identity sync has removed the old one')
}

function wrongHome(person: Person, home: HomeFact): Problem | undefined {
  const where = `homes/${person.entryUUID}`
  if (home.kind === 'unreadable') return home.problem
  if (home.kind === 'other') {
    return problem('NoRealDirectory', `${where} is not a directory`, 'see what it is, then move it away')
  }
  if (home.uid !== person.uid) {
    const what = `${where} belongs to uid ${home.uid}, and ${person.login} has uid ${person.uid}`
    return problem(
      'WrongOwner',
      what,
      `if it is the home of ${person.login}, give it to that uid by chown -hR`,
    )
  }
  if ((home.mode & 0o022) !== 0) {
    const what = `${where} may be written by others (mode ${home.mode.toString(8)})`
    return problem('WrongMode', what, 'look at what others left there, then chmod 0700 it')
  }
  if (home.marker === 'missing') return undefined
  if (home.marker === 'wrong' || home.marker.entryUUID !== person.entryUUID) {
    const what = `the marker in ${where} is not the one that was made for it`
    return problem(
      'WrongMarker',
      what,
      "if it is the person's home, delete its .deskfleet-home: it is made anew",
    )
  }
  return undefined
}

const sharedGid = (people: readonly Person[]): number | undefined =>
  people.flatMap(({ groups }) => groups).find(({ name }) => name === PEOPLE)?.gid

const sharedIsRight = (
  fact: Exclude<Extract<Disk, { state: 'there' }>['shared'], string>,
  gid: number | undefined,
) => fact.mode === 0o2770 && (gid === undefined || fact.gid === gid)

const wrongShared = (gid: number | undefined): Problem =>
  problem(
    'WrongMode',
    'the folder shared is not a directory of root, the group people, and mode 2770',
    `chown root:${gid ?? 'GID-OF-PEOPLE'} it, chmod 2770 it`,
  )

function isNews({ person, problem: trouble }: Verdict): boolean {
  const { condition } = person
  return (
    condition === undefined ||
    condition.ready !== (trouble === undefined) ||
    condition.generation !== person.generation ||
    (trouble !== undefined && (condition.reason !== trouble.reason || condition.message !== trouble.message))
  )
}

/** Where events about a person's home are told. */
export const toldAt = (slug: string) => ({
  namespace: NAMESPACES.desktops,
  name: pairOf({ slug, entryUUID: '' }).claim,
})
