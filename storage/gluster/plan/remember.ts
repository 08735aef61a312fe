import type { Memory } from './facts.ts'
import { areTwo } from './shape.ts'
import { brickOf, isMember, type Member, membersOf, type View } from './view.ts'

/** What this look adds to the memory. Where something was not read, what was remembered of it stays. */
export function remember(view: View): Memory {
  const { memory, volume, rebalance } = view
  if (volume === undefined) return { ...memory, alone: [], mayEmpty: stillToEmpty(view) }
  const spread =
    memory.spreading !== undefined && rebalance?.id === memory.spreading.id && rebalance.state !== 'running'
  return {
    ...memory,
    missing: missingSince(view),
    members: memberIds(view),
    whole: view.sets.flatMap((set) => wholeOf(set, view)),
    mayEmpty: stillToEmpty(view),
    balanced: spread && rebalance?.state === 'completed' ? (memory.spreading?.sets ?? 0) : atLeastOne(view),
    spreading: spread ? undefined : memory.spreading,
    alone: areTwo(volume) ? memory.alone.filter((pc) => isMember(view, pc)) : [],
  }
}

/** The files of a volume with one set are spread over all of it. */
const atLeastOne = ({ memory, sets }: View): number =>
  Math.max(sets.length > 0 ? 1 : 0, Math.min(memory.balanced, sets.length))

function missingSince(view: View): Memory['missing'] {
  const { missing } = view.memory
  return Object.fromEntries(
    membersOf(view).flatMap((one): [string, number][] => {
      if (one.missing) return [[one.pc, missing[one.pc] ?? view.now]]
      const since = missing[one.pc]
      return since !== undefined && !(view.complete && one.live) ? [[one.pc, since]] : []
    }),
  )
}

/** The brick that a PC had when it was first seen as the volume's; another one is not taken for it. */
const memberIds = (view: View): Memory['members'] =>
  Object.fromEntries(
    membersOf(view).flatMap(({ pc, node }): [string, string][] => {
      const brick = brickOf(node)
      const id = view.memory.members[pc] ?? (brick?.holds === view.volume?.id ? brick?.id : undefined)
      return id === undefined ? [] : [[pc, id]]
    }),
  )

/** So much less than others of its set a brick may hold and still be taken for whole. */
const LEAST_PART = 0.5
const SLACK = 2 ** 30

/** The PCs of a set whose bricks lack nothing: they were whole and did not go missing, or were seen to have caught up. */
function wholeOf(set: readonly Member[], view: View): string[] {
  const live = set.filter((one) => one.live)
  const fullest = Math.max(0, ...set.filter((one) => one.whole && !one.arbiter).map(({ used }) => used))
  const isWhole = (one: Member): boolean => {
    const isBehind = live.some(({ behind }) => behind?.includes(one.pc))
    if (one.missing || isBehind) return false
    if (one.whole) return true
    if (!view.complete || !one.live) return false
    if (live.some(({ splitBrain }) => splitBrain > 0)) return false
    if (!live.every(({ pending, behind }) => pending === 0 || behind !== undefined)) return false
    // Right after it came, nothing may be pending because nobody has counted yet.
    if (!one.arbiter && one.used < fullest * LEAST_PART - SLACK) return false
    // Whatever it missed was written on a majority, of which somebody here would name it.
    return live.length > set.length / 2
  }
  return set.filter(isWhole).map(({ pc }) => pc)
}

const stillToEmpty = (view: View): Memory['mayEmpty'] =>
  Object.fromEntries(
    Object.entries(view.memory.mayEmpty).filter(([pc, id]) => {
      const brick = brickOf(view.pcs.find(({ name }) => name === pc))
      const isMember = view.volume?.bricks.some((one) => one.pc === pc) ?? false
      return !isMember && (brick === undefined || (brick.id === id && brick.holds !== 'nothing'))
    }),
  )
