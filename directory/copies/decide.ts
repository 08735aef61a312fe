/** When a copy is due, which ones go, and which directory is not copied. Times in ms since 1970. */

export interface KeptCopy {
  readonly name: string
  readonly at: number
  /** How many people are in it. */
  readonly people: number
}

/** When copies are made. */
export interface Schedule {
  /** 0 to 23, in that time zone. */
  readonly hour: number
  /** As the tz database names it. */
  readonly timeZone: string
}

const DAY = 86_400_000
const QUARTER = 900_000
/** Copies of so many days, and of so many weeks, this one too, stay: the newest of each. */
const DAYS = 7
const WEEKS = 5
/** A copy that is newer than now by more than this was made by a clock that was wrong. */
const WRONG = 300_000

const NAME = /^directory-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z-(\d{1,9})-people\.age$/

export const nameOf = (at: number, people: number): string =>
  `directory-${new Date(at).toISOString().replace(/\.\d+|[-:]/g, '')}-${people}-people.age`

/** Undefined for a file that is no copy of ours. */
export function readName(name: string): KeptCopy | undefined {
  const parts = NAME.exec(name)
  if (!parts) return undefined
  const [, year, month, day, hour, minute, second, people] = parts
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(at) ? undefined : { name, at, people: Number(people) }
}

/** The newest that is not of the future. */
export const newest = (copies: readonly KeptCopy[], now: number): KeptCopy | undefined =>
  copies.filter(({ at }) => at <= now + WRONG).sort((a, b) => b.at - a.at)[0]

/** Whether no copy was made since it was last time for one. So one that was missed, by a PC that was off, is made up. */
export function isDue(copies: readonly KeptCopy[], now: number, schedule: Schedule): boolean {
  const last = newest(copies, now)
  return last === undefined || last.at < lastTurn(now, schedule)
}

/**
 * When it was last time for a copy. Zones differ from UTC by quarters of an hour; where a clock was put forward over that
 * hour there is none that day.
 */
export function lastTurn(now: number, { hour, timeZone }: Schedule): number {
  const local = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const wanted = `${String(hour).padStart(2, '0')}:00`
  const from = now - (now % QUARTER)
  for (let at = from; at > from - 3 * DAY; at -= QUARTER) if (local.format(at) === wanted) return at
  return from - DAY
}

/**
 * Which copies go: all but the newest of each of the last seven days and five weeks that have one. Days without a copy do
 * not count, so that nothing goes while none is made. Those of the future go when there are seven others.
 */
export function superfluous(copies: readonly KeptCopy[], now: number): KeptCopy[] {
  const past = copies.filter(({ at }) => at <= now + WRONG).sort((a, b) => b.at - a.at)
  const newestOf = (period: (at: number) => number, most: number): KeptCopy[] =>
    [...Map.groupBy(past, ({ at }) => period(at)).values()].slice(0, most).flatMap(([first]) => first ?? [])
  // Weeks begin on Monday; the first day of 1970 was a Thursday.
  const kept = new Set([
    ...newestOf((at) => Math.floor(at / DAY), DAYS),
    ...newestOf((at) => Math.floor((Math.floor(at / DAY) + 3) / 7), WEEKS),
  ])
  const future = kept.size >= DAYS ? copies.filter(({ at }) => at > now + WRONG) : []
  return [...past.filter((copy) => !kept.has(copy)), ...future]
}

/** Why this directory is not copied: an emptied one would push the copies of its people out, night by night. */
export function unworthy(people: number, copies: readonly KeptCopy[]): string | undefined {
  const most = Math.max(0, ...copies.map((copy) => copy.people))
  if (people > 0 || most === 0) return undefined
  return `nobody is in the directory, and ${most} people were: no copy is made, so that those of before stay`
}
