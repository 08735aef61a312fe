/** How long ago the directory was last read whole, and what that means for whoever asks who somebody is. */
export interface Staleness {
  /** `ageing`: to be told; `stale`: nobody can be sure any more who is who. */
  readonly state: 'fresh' | 'ageing' | 'stale'
  /** When it was, in ms since the epoch. */
  readonly checked: number
}

/** RFC 3339 in UTC, to the minute. */
export const minuteOf = (time: number): string => `${new Date(time).toISOString().slice(0, 16)}Z`

/** Ms. The identity sync reads everybody within a minute or two, also where there are thousands. */
export const AGEING_AFTER = 15 * 60_000

/** All times in ms: since the epoch, and how old what is known may be. */
export function stalenessOf(checked: number, now: number, most: number): Staleness {
  const age = now - checked
  const state = age >= most ? 'stale' : age >= AGEING_AFTER ? 'ageing' : 'fresh'
  return { state, checked }
}
