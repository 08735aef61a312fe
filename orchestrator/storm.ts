import { isFresh } from './heartbeat.ts'
import { mastersOf, type View } from './view.ts'

/**
 * When much is wrong at once it is the network, the power or ourselves: whoever replaces masters then makes it worse. After a
 * storm nothing is begun for as long as a master must be silent to count as dead.
 */

/** Ms that the API server may take. */
const SLOW = 5_000
const MANY_PCS = 0.4

/** What makes this a storm; undefined where none is. */
export function stormIn(view: View): string | undefined {
  const { facts, state } = view
  const masters = mastersOf(view).length
  const unwell = Object.values(state.sick).filter(({ as }) => as !== 'ApiSick').length
  // So many may fail, and the others still are a quorum.
  if (unwell > Math.floor((masters - 1) / 2)) return `${unwell} of ${masters} masters are not well`
  const silent = facts.nodes.filter(({ name }) => !isFresh(view, name)).length
  if (silent > facts.nodes.length * MANY_PCS) return `${silent} of ${facts.nodes.length} PCs are silent`
  if (facts.latency > SLOW) return `the API server took ${Math.round(facts.latency / 1000)} s to answer`
  return undefined
}

export const isStorm = ({ state, now }: Pick<View, 'state' | 'now'>): boolean => now < state.stormUntil
