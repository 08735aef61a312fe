import { isFresh } from './heartbeat.ts'
import type { State } from './state.ts'
import { type View, votersOf } from './view.ts'

/** How many masters there ought to be: 1 below three PCs, 3 from three, 5 from seven, or what the administrator says. */

const DAY = 24 * 3_600_000

/** PCs that may be masters, and were heard within a day. */
function candidates(view: View): number {
  const { facts, state, now } = view
  return facts.nodes.filter(
    ({ name, never }) => !never && (isFresh(view, name) || now - (state.heard[name]?.since ?? now) < DAY),
  ).length
}

const sizeFor = (pcs: number): number => (pcs >= 7 ? 5 : pcs >= 3 ? 3 : 1)

/** What is wanted now and, if that is another number, since when something else seems right. */
export function sizeIn(view: View): State['size'] {
  const { policy, state, now } = view
  const voters = votersOf(view).length
  if (voters === 0) return state.size
  const { wanted, next, nextSince } = state.size.wanted === 0 ? begin(voters) : state.size
  const possible = sizeFor(candidates(view))
  // By itself it never goes below 3: PCs that are off for a day are no reason to live without a second copy.
  const right = policy.count === 'auto' ? Math.max(possible, Math.min(wanted, 3)) : policy.count
  if (right === wanted) return { wanted, next: wanted, nextSince: now }
  const since = right === next ? nextSince : now
  // What an administrator wrote down is no whim of the PCs, and neither is growth; PCs that vanish may come back.
  const patience = policy.count === 'auto' && right < wanted ? DAY : 6 * policy.deadAfter
  if (now - since < patience) return { wanted, next: right, nextSince: since }
  return { wanted: right, next: right, nextSince: now }
}

/** What is there is wanted; an even number is a change that was cut short, which is finished. */
const begin = (voters: number): State['size'] => {
  const wanted = voters % 2 === 0 ? voters + 1 : voters
  return { wanted, next: wanted, nextSince: 0 }
}
