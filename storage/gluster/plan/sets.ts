import type { Change } from './facts.ts'
import { nextShape } from './shape.ts'
import { type Member, placeOf, spareAt, type View } from './view.ts'

/** The number of copies is brought to what is wanted, and then whole sets are added of what is left. */
export function setChanges(view: View): Change[] {
  const { volume, policy, sets, spares } = view
  if (volume?.status !== 'started') return []
  const next = nextShape(volume, policy.copies, Math.floor(spares.length / Math.max(1, sets.length)))
  if (next !== undefined && next.width < volume.width)
    return [{ change: 'lower', width: next.width, bricks: sets.map((set) => placeOf(leastMissed(set))) }]
  if (next !== undefined) {
    const each = next.width - volume.width
    // An arbiter takes the smallest bricks, a copy the largest.
    const taken = next.arbiters > 0 ? spares.slice(-each * sets.length) : spares.slice(0, each * sets.length)
    return [{ change: 'raise', ...next, bricks: taken.map(spareAt) }]
  }
  return furtherSet(view)
}

/** The brick that a set does without most easily: the arbiter, one that is gone, one that is wanted back, the fullest. */
function leastMissed(set: readonly Member[]): Member {
  const rank = (one: Member): number[] => [
    Number(!one.arbiter),
    Number(one.live && one.whole),
    Number(!one.node?.retiring),
    freeOf(one),
  ]
  return [...set].sort((a, b) => compare(rank(a), rank(b)))[0] as Member
}

const freeOf = ({ node }: Member): number =>
  node === undefined || typeof node.brick === 'string' ? 0 : node.brick.free

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((one, index) => one !== b[index])
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0)
}

/** One more set, where the others have all the copies that are wanted and the spares remain. */
function furtherSet({ volume, policy, sets, spares }: View): Change[] {
  if (volume === undefined || sets.length === 0) return []
  const isComplete = volume.width - volume.arbiters === policy.copies
  if (!isComplete || spares.length - policy.spares < volume.width) return []
  const data = spares.slice(0, volume.width - volume.arbiters)
  const arbiters = volume.arbiters > 0 ? spares.slice(-volume.arbiters) : []
  return [{ change: 'add-set', bricks: [...data, ...arbiters].map(spareAt) }]
}

/** After a set was added, files are moved to it until all are equally full. */
export function spreads({ volume, sets, memory, rebalance }: View): Change[] {
  const isDue = volume?.status === 'started' && sets.length > Math.max(1, memory.balanced)
  return isDue && memory.spreading === undefined
    ? [{ change: 'rebalance', sets: sets.length, former: rebalance?.id }]
    : []
}

/** Between two times that a heal is asked for. */
const HEAL_AGAIN = 60_000

/** Gluster heals by itself, but looks only every ten minutes. */
export function heals({ volume, sets, memory, policy, now }: View): Change[] {
  // What is pending for a brick that is away stays pending.
  const isBehind = sets.some((set) =>
    set.some(({ missing }) => missing)
      ? set.some(({ live, whole }) => live && !whole)
      : set.some(({ live, whole, pending }) => live && (!whole || pending > 0)),
  )
  const isDue = (isBehind && now - memory.healAsked >= HEAL_AGAIN) || policy.healAsked > memory.healAsked
  return volume?.status === 'started' && volume.width > 1 && isDue ? [{ change: 'heal' }] : []
}
