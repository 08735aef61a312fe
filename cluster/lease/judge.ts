/** A Lease as election needs it. */
export interface Term {
  /** Who leads; '' when it was given back. */
  readonly holder: string
  /** Milliseconds after the last renewal during which nobody else may take it. */
  readonly duration: number
  readonly acquired: Date
  readonly renewed: Date
  /** How often it went from one holder to another. */
  readonly transitions: number
  /** The store's version of it: whoever writes must name it. */
  readonly version: string
}

/** A term and when this process first saw it in that state, by its own clock: other machines' clocks are not believed. */
export interface Sighting {
  readonly term: Term
  readonly at: number
}

/** Remembers the moment of the first sighting while nothing changes. */
export function sight(before: Sighting | undefined, term: Term, now: number): Sighting {
  return before && before.term.version === term.version ? before : { term, at: now }
}

/** What a candidate may do. A new candidate waits a whole duration, for all it knows somebody has just renewed. */
export function judge(seen: Sighting | undefined, me: string, now: number): 'take' | 'renew' | 'wait' {
  if (!seen || seen.term.holder === '') return 'take'
  if (seen.term.holder === me) return 'renew'
  return now - seen.at > seen.term.duration ? 'take' : 'wait'
}
