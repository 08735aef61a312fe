import { network } from '../../service/address.ts'
import { type Failure, linesOf } from './failures.ts'
import type { Tagger } from './tag.ts'

/** So many failures within a time (ms); then whoever is counted together waits. */
export interface Limit {
  readonly most: number
  readonly window: number
}

const MINUTES = 60 * 1000

export type Limits = Readonly<
  Record<'device' | 'devices' | 'personHere' | 'address' | 'person' | 'all', Limit>
>

/**
 * The limits of guessing, for all replicas together. A browser that the person was let in by before is counted by the
 * first two alone; everybody else is a stranger, and meets all of the others.
 */
export const LIMITS: Limits = {
  /** One person by one browser that knows them. Then it is a stranger: five more tries for whoever forgot a password. */
  device: { most: 5, window: 15 * MINUTES },
  /** One person by all browsers that know them: whoever collected many of their cookies still never meets slapd's lock. */
  devices: { most: 40, window: 15 * MINUTES },
  /** One person from one address: what somebody mistypes, and soon over. */
  personHere: { most: 5, window: 5 * MINUTES },
  /** One address, whoever is named. A school may stand behind one, and on its first day all browsers are strangers. */
  address: { most: 100, window: 5 * MINUTES },
  /** One person from all addresses: 80 guesses an hour, however many addresses an attacker has. */
  person: { most: 20, window: 15 * MINUTES },
  /** All strangers: two a second, so that nobody tries one password for everybody from all over the world. */
  all: { most: 600, window: 5 * MINUTES },
}

/** Whose try it is. Without an address only the device counts: it never becomes a stranger. */
export interface Caller {
  readonly login: string
  readonly address?: string
  /** What names the browser, where that one knows the person. */
  readonly device?: string
}

/** A try that may be made. It counts as failed until it is called good, so that many at once gain nothing. */
export interface Try {
  /** Whether it is counted as a browser's that knows the person. */
  readonly known: boolean
  succeeded(): void
  /** The directory could not be asked: no verdict, so nothing counts. */
  undecided(): void
}

export interface Throttle {
  /** A try, or how long to wait (ms). The name is counted whether or not anybody has it. */
  begin(caller: Caller, now: number): { readonly attempt: Try } | { readonly wait: number }
  /** What this replica counted and what still counts, for the others: as {@link linesOf}. */
  said(now: number): string
  /** What the others counted, all of it each time. */
  hear(failures: readonly Failure[]): void
}

/** No failure is of interest to anybody for longer. */
export const longest = (limits: Limits = LIMITS): number =>
  Math.max(...Object.values(limits).map(({ window }) => window))

/**
 * Failures of browsers that know their person that are remembered at most; the oldest go first. Those of strangers are
 * as many as `all` lets through, and can push out nobody's.
 */
const MOST_KNOWN = 1_000
/** Ms. A clock that is further ahead than that is wrong, and its failures would count for ever. */
const CLOCKS = 10 * MINUTES

/** Counts in the memory of this process what it saw itself, and what it heard of the others. */
export function newThrottle(tag: Tagger, limits: Limits = LIMITS): Throttle {
  const own = newTally(MOST_KNOWN)
  let heard = newTally(Number.POSITIVE_INFINITY)

  const waitOf = (failure: Failure): number =>
    Math.max(
      ...countedBy(failure).map(([rule, key]) => {
        const { most, window } = limits[rule]
        const since = failure.at - window
        // Both in order of time: no older ones than these can make anybody wait.
        const times = [...own.of(key).slice(-most), ...heard.of(key).slice(-most)]
          .filter((at) => at > since && at <= failure.at + CLOCKS)
          .sort((a, b) => a - b)
        const last = times[times.length - most]
        return last === undefined ? 0 : last + window - failure.at
      }),
    )

  const open = (failure: Failure): Try => {
    own.add(failure)
    return {
      known: failure.known,
      succeeded: () => own.forgetAlike(failure),
      undecided: () => own.forget(failure),
    }
  }

  return {
    begin({ login, address, device }, now) {
      own.forgetBefore(now - longest(limits))
      // A login is compared as LDAP does, and never longer than one can be.
      const person = tag(`person ${login.trim().toLowerCase().slice(0, 64)}`)
      const ways: Failure[] = []
      if (device !== undefined) ways.push({ at: now, person, from: tag(`device ${device}`), known: true })
      if (address !== undefined)
        ways.push({ at: now, person, from: tag(`address ${network(address)}`), known: false })
      let wait = Number.POSITIVE_INFINITY
      for (const way of ways) {
        const mustWait = waitOf(way)
        if (mustWait <= 0) return { attempt: open(way) }
        wait = Math.min(wait, mustWait)
      }
      return { wait }
    },
    said(now) {
      own.forgetBefore(now - longest(limits))
      return linesOf(own.all())
    },
    hear(failures) {
      heard = newTally(Number.POSITIVE_INFINITY)
      for (const failure of failures.toSorted((a, b) => a.at - b.at)) heard.add(failure)
    },
  }
}

/** By which limits a failure counts, and together with what. */
function countedBy({
  person,
  from,
  known,
}: Failure): readonly (readonly [rule: keyof Limits, key: string])[] {
  return known
    ? [
        ['device', `${person} by ${from}`],
        ['devices', `${person} by any`],
      ]
    : [
        ['personHere', `${person} at ${from}`],
        ['address', `at ${from}`],
        ['person', person],
        ['all', '*'],
      ]
}

/** Failures in the order they came, and their times by what they are counted together with. */
function newTally(mostKnown: number) {
  const all = new Set<Failure>()
  const times = new Map<string, number[]>()
  let known = 0
  const forget = (failure: Failure): void => {
    if (!all.delete(failure)) return
    if (failure.known) known--
    for (const [, key] of countedBy(failure)) {
      const left = times.get(key) ?? []
      left.splice(left.indexOf(failure.at), 1)
      if (left.length === 0) times.delete(key)
    }
  }
  const forgetOldestKnown = (): void => {
    for (const one of all) {
      if (!one.known) continue
      forget(one)
      return
    }
  }
  return {
    all: (): Iterable<Failure> => all,
    of: (key: string): readonly number[] => times.get(key) ?? [],
    add(failure: Failure): void {
      all.add(failure)
      for (const [, key] of countedBy(failure)) {
        const there = times.get(key)
        if (there) there.push(failure.at)
        else times.set(key, [failure.at])
      }
      if (failure.known && ++known > mostKnown) forgetOldestKnown()
    },
    forget,
    /** All of the same person from the same address, or by the same browser. */
    forgetAlike({ person, from }: Failure): void {
      for (const one of [...all]) if (one.person === person && one.from === from) forget(one)
    },
    forgetBefore(time: number): void {
      for (const one of all) {
        if (one.at > time) break
        forget(one)
      }
    },
  }
}
