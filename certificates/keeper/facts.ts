/** What one look at an authority and at all who trust it or serve by it showed. Times in ms. */
export interface Facts {
  readonly signs: Authority
  /** The one that follows; it signs nothing yet. */
  readonly next: Authority | undefined
  /** The one before; it signs nothing any more. */
  readonly former: Authority | undefined
  /** Whether an administrator asks for another one. */
  readonly asked: boolean
  /** Where it is told whom to trust. */
  readonly places: readonly Trusting[]
  /** What is served or called with. */
  readonly leaves: readonly Leaf[]
  /** The time of day, which may jump: it judges when certificates begin and end, and nothing else. */
  readonly wall: number
  /** Of the clock that only grows. */
  readonly now: number
}

export interface Authority {
  /** Its fingerprint. */
  readonly id: string
  readonly notBefore: number
  readonly notAfter: number
}

export interface Trusting {
  /** For people, as `ConfigMap NAMESPACE/NAME`. */
  readonly place: string
  /** The ids that it holds, read back; undefined where it could not be read. */
  readonly holds: readonly string[] | undefined
}

export interface Leaf {
  /** For people, as `webhook at 10.1.2.3:8443`. */
  readonly leaf: string
  /** The id of who signed it; undefined where it could not be seen, '' where it is none of ours. */
  readonly by: string | undefined
}

/**
 * Kept between looks by one process, and lost with it: since when, without a look that showed something else, what is
 * waited for has been so. Whoever starts anew waits anew, so that neither a clock that jumps nor two processes that count
 * the same time bring anything about too early.
 */
export type Memory = { readonly what: string; readonly since: number } | undefined

/** `steady`; `publish`, `soak`: a new one is made known; `switch`, `retire`: it signs, and the former is still trusted. */
export const PHASES = ['steady', 'publish', 'soak', 'switch', 'retire'] as const
export type Phase = (typeof PHASES)[number]

/** An authority gives way when so little of its life is left: of three years, 13 months, so that leaves have their year. */
export const LAST_PART = 1.1 / 3

/** How long things take, in ms. */
export interface Delays {
  /** From when every place was seen to hold the new one until it signs: longer than any reader needs to hear of it. */
  readonly soak: number
  /** From when every leaf was seen to be of the new one until the former is forgotten: longer than any needs to follow. */
  readonly settle: number
}

export interface Verdict {
  readonly phase: Phase
  /** What is to be done to the authority's Secret, if anything. */
  readonly move: 'begin' | 'switch' | 'retire' | undefined
  /** What the phase waits for, a sentence each. */
  readonly waitsFor: readonly string[]
  readonly memory: Memory
}
