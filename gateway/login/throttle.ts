import { isIPv6 } from 'node:net'

/** Limits of guessing, in tries and ms. slapd's own lockout holds across replicas; these keep most guesses from it. */
export interface Limits {
  /** Failures of one person from one address, until both wait. */
  readonly perPerson: number
  /** Failures from one address, whoever is named, until it waits. A classroom may share one address. */
  readonly perAddress: number
  readonly window: number
}

export const LIMITS: Limits = { perPerson: 5, perAddress: 50, window: 5 * 60 * 1000 }

/** A try that may be made. It counts as failed until it is called good, so that many at once gain nothing. */
export interface Try {
  succeeded(): void
  /** The directory could not be asked: no verdict, so nothing counts. */
  undecided(): void
}

export interface Throttle {
  /** A try, or how long to wait (ms). The name is counted whether or not anybody has it. */
  begin(login: string, address: string, now: number): { readonly attempt: Try } | { readonly wait: number }
}

/** So many names and addresses are remembered at most; the ones that are oldest go first. */
const MOST_KEYS = 20_000

/** Counts in the memory of this process. */
export function newThrottle({ perPerson, perAddress, window }: Limits = LIMITS): Throttle {
  const failures = new Map<string, number[]>()
  const recent = (key: string, now: number) => (failures.get(key) ?? []).filter((at) => now - at < window)
  const put = (key: string, times: number[]) => {
    failures.delete(key)
    if (times.length > 0) failures.set(key, times)
    for (const oldest of failures.keys()) {
      if (failures.size <= MOST_KEYS) break
      failures.delete(oldest)
    }
  }
  return {
    begin(login, address, now) {
      const from = network(address)
      // A login is compared as LDAP does, and never longer than one can be.
      const person = `${login.trim().toLowerCase().slice(0, 64)} ${from}`
      const limits: [string, number][] = [
        [person, perPerson],
        [from, perAddress],
      ]
      const waits = limits.map(([key, most]) => {
        const times = recent(key, now)
        return times.length < most ? 0 : window - (now - (times[times.length - most] ?? now))
      })
      const wait = Math.max(...waits)
      if (wait > 0) return { wait }
      for (const [key] of limits) put(key, [...recent(key, now), now])
      const takeBack = (key: string) => {
        const times = failures.get(key) ?? []
        const at = times.indexOf(now)
        if (at >= 0) put(key, times.toSpliced(at, 1))
      }
      return {
        attempt: {
          succeeded() {
            failures.delete(person)
            takeBack(from)
          },
          undecided() {
            takeBack(person)
            takeBack(from)
          },
        },
      }
    },
  }
}

/** An IPv4 address as it is; of an IPv6 one the half that names its network, since the rest is its owner's to choose. */
export function network(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped) return mapped
  if (!isIPv6(address)) return address
  const [head = '', tail = ''] = address.split('%')[0]?.split('::') ?? []
  const left = head.split(':').filter(Boolean)
  const right = tail.split(':').filter(Boolean)
  const zeros = address.includes('::')
    ? Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0')
    : []
  return [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
