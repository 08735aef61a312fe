/** When what lies on a disk is measured, and listed. Times are ms since 1970. */

const HOUR = 3_600_000
export const EVERY = 6 * HOUR
/** After one that failed. */
const AGAIN = HOUR / 2
/** Part of a time by which it is shorter or longer, so that not all disks are busy at once. */
const JITTER = 0.2

/** How a disk was measured last by this process; undefined before the first time. */
export interface Last {
  readonly at: number
  readonly ended: 'well' | 'failed'
  /** From 0 to 1, drawn when it ended. */
  readonly chance: number
}

/** Whether it is time: at once after a start, then every few hours. */
export function isDue(last: Last | undefined, now: number): boolean {
  if (last === undefined) return true
  const rest = last.ended === 'well' ? EVERY : AGAIN
  return now >= last.at + rest * (1 + JITTER * (2 * last.chance - 1))
}

/** The hour of the day, there. */
export const hourIn = (timeZone: string, at: Date): number =>
  Number(new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', hourCycle: 'h23' }).format(at))

/** Hours of the room's clock in which lists are made. */
const NIGHT = { from: 1, to: 5 }

/**
 * Whether the list of a set's files is made with the next measure: each night, at once where there is none, and by day
 * where a night was missed.
 *
 * @param hour of the room's clock
 */
export function isIndexDue(listed: number | undefined, now: number, hour: number): boolean {
  if (listed === undefined || now - listed > 30 * HOUR) return true
  return hour >= NIGHT.from && hour < NIGHT.to && now - listed > 12 * HOUR
}
