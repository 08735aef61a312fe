import type { Change } from './facts.ts'
import {
  brickOf,
  isFenced,
  isFit,
  type Member,
  membersOf,
  placeOf,
  type Spare,
  spareAt,
  type View,
} from './view.ts'

/** A brick that is to be another one's. */
export interface Replacement {
  readonly from: Member
  readonly to: Spare
}

/** Bricks that leave their set, and those that come. What is dead goes before what somebody wants back. */
export function replacements(view: View): Replacement[] {
  const members = membersOf(view)
  const dead = members.filter((one) => isDue(one, view))
  const wanted = members.filter((one) => one.node?.retiring && !dead.includes(one))
  return [...dead, ...wanted].flatMap((from) => {
    const to = view.spares.find(({ brick }) => brick.free > roomFor(from, view)) ?? view.spares[0]
    return to ? [{ from, to }] : []
  })
}

/** Since when it counts as lost: a PC that came back is given the whole time again to bring its brick up. */
export function lostSince({ pc, node }: Member, { memory }: View): number | undefined {
  const since = memory.missing[pc]
  if (since === undefined) return undefined
  return node?.ready ? Math.max(since, node.since ?? since) : since
}

/** Whether it was missing for as long as is waited, or somebody said that its PC does not come back. */
export function isDue(one: Member, view: View): boolean {
  const since = lostSince(one, view)
  if (since === undefined || !one.missing) return false
  return one.node === undefined || one.node.retiring || view.now - since >= view.policy.replaceAfter
}

/** Bytes that a brick in the place of that one must take up. */
export const roomFor = (from: Member, view: View): number =>
  from.arbiter
    ? 0
    : Math.max(0, ...(view.sets[from.set] ?? []).filter(({ arbiter }) => !arbiter).map(({ used }) => used))

/** A brick whose disk was changed for an empty one in the same PC takes its place again. */
function resets(view: View): Change[] {
  return membersOf(view).flatMap((one): Change[] => {
    const brick = brickOf(one.node)
    const before = view.memory.members[one.pc]
    const isNew = brick !== undefined && before !== undefined && brick.id !== before
    return isNew && brick.path === one.path && isFit(brick) && one.connected
      ? [{ change: 'reset', brick: placeOf(one), id: brick.id }]
      : []
  })
}

export function replacing(view: View): Change[] {
  const changes: Change[] = [
    ...resets(view),
    ...replacements(view).map(
      ({ from, to }): Change => ({ change: 'replace', from: placeOf(from), to: spareAt(to) }),
    ),
  ]
  // Gluster replaces nothing while files are being spread; afterwards that is begun again.
  const { rebalance } = view
  return changes.length > 0 && rebalance?.state === 'running'
    ? [{ change: 'stop-rebalance', id: rebalance.id }]
    : changes
}

/** Whether the PC of a brick could still act on what it knew of the pool, because it is not told what becomes of it. */
export const isUntold = (one: Member, view: View): boolean => !one.connected && !isFenced(view, one.pc)
