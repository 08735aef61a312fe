import { otherSide, SHARED, wantedSide } from '../places/facts.ts'
import type { Decision, Facts } from './facts.ts'

/** Ms that a home is held at first; each try in vain doubles it. */
const HELD = 5 * 60_000
const HELD_AT_MOST = 60 * 60_000
/** Ms that somebody waits for their desktop because of it, at first. */
const WAITED = 60_000
/** Ms after which what a working person changed is copied again, so that the last pass is short. */
const COPY_AGAIN = 60 * 60_000
/** A copy that is older is made again before the home is held. */
const FRESH = 10 * 60_000

/** What is next for one home. Pure. At no time are both directories open, and a switch is never taken back by itself. */
export function decide(facts: Facts): Decision {
  const { place, memory, now } = facts
  if (memory.failed && now < memory.failed.until && place.held === undefined) return { step: undefined }
  if (place.held === undefined) return free(facts)
  return place.held.side === place.side ? held(facts) : switched(facts)
}

/** A home that its person may use. */
function free({ place, sides, wish, pods, memory, now }: Facts): Decision {
  const there = sides[place.side]
  const target = sides[otherSide(place.side)]
  if (wantedSide(wish, place.side) === place.side) {
    return { step: target.staged && wish !== 'stay' ? 'drop' : undefined }
  }
  if (there.home === 'absent') return { step: target.staged ? 'drop' : 'forget' }
  if (there.home === 'closed') return { step: undefined, trouble: 'closed-by-hand' }
  if (target.home !== 'absent') return { step: undefined, trouble: 'place-taken' }
  if (memory.copied === undefined) return { step: 'copy' }
  if (place.compared === undefined) return { step: 'compare' }
  if (pods > 0) return now - memory.copied > COPY_AGAIN ? { step: 'copy' } : { step: undefined, waits: true }
  return { step: now - memory.copied > FRESH ? 'copy' : 'hold' }
}

/** One that is held where it has always been: it is switched, or given back. */
function held(facts: Facts): Decision {
  const { place, sides, pods, memory } = facts
  const there = sides[place.side]
  const target = sides[otherSide(place.side)]
  if (there.home === 'absent') return { step: undefined, trouble: 'not-found' }
  if (place.held?.back) return { step: there.home === 'closed' ? 'open' : 'let-go' }
  const back =
    wantedSide(facts.wish, place.side) === place.side || target.home !== 'absent' || isTooLong(facts)
  if (there.home === 'open') {
    // Whoever came before it was closed may have been shown it already.
    return { step: back || pods > 0 ? 'give-up' : 'close' }
  }
  if (back) return { step: 'give-up' }
  return { step: memory.equal && target.staged ? 'switch' : 'last-pass' }
}

/** One that lies on the other side now, and is not in its place yet. */
function switched({ place, sides }: Facts): Decision {
  const there = sides[place.side]
  const left = sides[otherSide(place.side)]
  if (there.home === 'absent') {
    return there.staged ? { step: 'place' } : { step: undefined, trouble: 'not-found' }
  }
  // Before the new one is opened, so that no way leads to the old one.
  if (left.home !== 'absent') return { step: 'put-aside' }
  return { step: there.home === 'closed' ? 'open' : 'let-go' }
}

/** Whether the person has been kept from their home for long enough. */
export function isTooLong({ place, memory, now }: Pick<Facts, 'place' | 'memory' | 'now'>): boolean {
  const { failed, heldSince = now, waitedSince = now, givenUp } = memory
  if (failed) return true
  const times = 2 ** Math.min(givenUp, 10)
  const waited = place.name === SHARED ? 0 : now - waitedSince
  return (
    now - heldSince > Math.min(HELD * times, HELD_AT_MOST) || waited > Math.min(WAITED * times, HELD_AT_MOST)
  )
}
