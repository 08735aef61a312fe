/** Which copies of etcd stay, and which is the newest. Pure; times in ms since 1970. */

export interface KeptCopy {
  readonly name: string
  readonly at: number
  /** etcd's, when it was made. */
  readonly revision: number
}

const NAME = /^etcd-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z-(\d{1,16})\.age$/

export const nameOf = (at: number, revision: number): string =>
  `etcd-${new Date(at).toISOString().replace(/\.\d+|[-:]/g, '')}-${revision}.age`

/** Undefined for a file that is no copy of ours. */
export function readName(name: string): KeptCopy | undefined {
  const parts = NAME.exec(name)
  if (!parts) return undefined
  const [, year, month, day, hour, minute, second, revision] = parts
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(at) ? undefined : { name, at, revision: Number(revision) }
}

/** A copy that is newer than now by more than this was made by a clock that was wrong. */
const WRONG = 300_000

const isPast = (now: number) => (copy: KeptCopy) => copy.at <= now + WRONG

/** The newest first; those of the future behind all others, since nobody knows when they were made. */
export function newestFirst(copies: readonly KeptCopy[], now: number): KeptCopy[] {
  const past = isPast(now)
  return [...copies].sort(
    (a, b) => Number(past(b)) - Number(past(a)) || b.at - a.at || b.revision - a.revision,
  )
}

const HALF_HOUR = 1_800_000
const DAY = 86_400_000

/** How many periods of each length keep their newest copy, this one too. */
const KEPT = [
  { period: (at: number) => Math.floor(at / HALF_HOUR), most: 48 },
  { period: (at: number) => Math.floor(at / DAY), most: 14 },
  // Weeks begin on Monday; the first day of 1970 was a Thursday.
  { period: (at: number) => Math.floor((Math.floor(at / DAY) + 3) / 7), most: 8 },
] as const

/**
 * Which copies go: all but the newest of each of the last 48 half hours, 14 days and 8 weeks that have one. Periods
 * without a copy do not count, so nothing goes while none is made. Those of the future go once there is a day of others.
 */
export function superfluous(copies: readonly KeptCopy[], now: number): KeptCopy[] {
  const past = newestFirst(copies.filter(isPast(now)), now)
  const kept = new Set(
    KEPT.flatMap(({ period, most }) =>
      [...Map.groupBy(past, ({ at }) => period(at)).values()]
        .slice(0, most)
        .flatMap(([first]) => first ?? []),
    ),
  )
  const future = past.length >= 48 ? copies.filter((copy) => !isPast(now)(copy)) : []
  return [...past.filter((copy) => !kept.has(copy)), ...future]
}
