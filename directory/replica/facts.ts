import type { Stamps } from '../stamps.ts'

/** What one look showed. */
export interface Facts {
  /** Which of the servers this one is, and how many there are. */
  readonly ordinal: number
  readonly count: number
  /** How far this server has come, read after the others; undefined when it does not answer. */
  readonly own: Stamps | undefined
  /** The same of the others that answered, by ordinal. */
  readonly others: ReadonlyMap<number, Stamps>
  /**
   * Whether these servers had a writer before, since there are several of them; undefined when the API server did not
   * say.
   */
  readonly begun: boolean | undefined
}

/** What of earlier looks counts. Times in ms of the clock that only grows. */
export interface Memory {
  /** It was once known to have what the others have. */
  readonly compared: boolean
  /** How far it had come when it last answered. */
  readonly had: Stamps
  /** By ordinal, what another one had that was missing here then, and since when. */
  readonly owed: ReadonlyMap<number, { readonly stamps: Stamps; readonly since: number }>
  /** Since when too few of the others answer. */
  readonly aloneSince: number | undefined
}

export interface Verdict {
  /** Why nobody should read here; empty when they may. */
  readonly lacks: readonly string[]
  /** Whether it may begin to take writes, if the others let it. */
  readonly mayBegin: boolean
  /** Whether it may go on taking them. */
  readonly mayGoOn: boolean
  readonly memory: Memory
}
