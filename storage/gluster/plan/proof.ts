import { quorumOf } from './shape.ts'
import { isSound, type Member, membersOf, type View } from './view.ts'

/**
 * What shows that data is elsewhere. Copies that are sound make a quorum: so of whatever was ever acknowledged at least
 * one of them has it, wherever else it was.
 */

/** Why the brick of that PC cannot be given up; undefined where the others of its set have everything that it had. */
export function elsewhere(pc: string, view: View): string | undefined {
  const member = membersOf(view).find((one) => one.pc === pc)
  const set = member && view.sets[member.set]
  if (set === undefined) return `${pc} has no brick of the volume`
  const others = set.filter((one) => one.pc !== pc)
  const sound = others.filter(isSound).length
  const least = needed(set)
  if (set.some(({ splitBrain }) => splitBrain > 0))
    return 'there are files of which nobody can say which copy is right'
  if (sound < least) return `only ${sound} of the other bricks of its set have everything, and ${least} must`
  const voters = others.filter(({ live, whole }) => live && whole).length
  return voters < quorumOf(set.length) ? 'too few of the others are there' : undefined
}

/** Whether every set can do without whatever lies elsewhere. */
export const enough = (view: View): boolean =>
  view.complete &&
  view.sets.every((set) => {
    const isClear = set.every(({ splitBrain }) => splitBrain === 0)
    return isClear && set.filter(isSound).length >= needed(set)
  })

/** Sound copies that make a quorum; the arbiter holds none, and counts for one. */
const needed = (set: readonly Member[]): number =>
  Math.max(1, quorumOf(set.length) - (set.some(({ arbiter }) => arbiter) ? 1 : 0))

/** Whether every brick, but those, is there and has everything. */
export const healed = (view: View, but: readonly string[] = []): boolean =>
  view.complete &&
  membersOf(view)
    .filter(({ pc }) => !but.includes(pc))
    .every(({ live, whole, pending, splitBrain }) => live && whole && pending + splitBrain === 0)
