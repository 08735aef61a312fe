import type { OwnChange, OwnDecision, OwnFacts } from './facts.ts'

const says = (why: string, change?: OwnChange): OwnDecision => ({ change, why })

/**
 * The next thing that a PC's agent does with its own glusterd and brick. Pure. What is not known forbids: a PC that was
 * replaced while it was off may not serve what it remembers, so nothing starts before the room's memory was read.
 */
export function decide({
  me,
  memory,
  brick,
  pool,
  keys,
  names,
  mayServe,
  glusterd,
  serving,
}: OwnFacts): OwnDecision {
  if (memory === 'unread') return says('the API server has not told yet whether this PC is shut out')
  const fenced = memory.fenced.find((one) => one.pc === me)
  const isForgotten = pool.uuid === undefined && !pool.known
  const mayEmpty = brick !== 'unread' && brick.holds !== 'nothing' && memory.mayEmpty[me] === brick.id
  if (fenced !== undefined) {
    if (glusterd || serving)
      return says('this PC is shut out: its brick left the volume while it was away', 'stop')
    if (!fenced.mayWipe) return says('this PC is shut out until what it has was seen to be elsewhere')
    if (mayEmpty) return says('what its brick holds is elsewhere', 'empty')
    // The same glusterd once more, under the name that the pool knows: that one alone is wiped.
    if (!isForgotten && (fenced.uuid === undefined || pool.uuid === fenced.uuid))
      return says('what it knew of the pool is old', 'wipe')
    return says('this PC is empty, and is let in soon')
  }
  if (mayEmpty && !serving) return says('its brick is the volume’s no more', 'empty')
  if (!keys) return says('this PC has no certificate yet')
  if (!names) return says('where the other PCs are is not known yet')
  // It starts its brick with itself.
  if (!glusterd && !mayServe) return says('the other one of two bricks may have what this one lacks')
  if (!glusterd) return says('glusterd does not run', 'start')
  return says('all is as it shall be')
}

/**
 * Whether this PC may keep the volume: its glusterd runs and is asked, and, where there is a volume, knows of it. One
 * that was never of the pool would see a room without one.
 */
export const mayLead = ({ me, memory, glusterd, pool }: OwnFacts): boolean => {
  if (memory === 'unread' || !glusterd || memory.fenced.some(({ pc }) => pc === me)) return false
  return pool.known || Object.keys(memory.members).length === 0
}
