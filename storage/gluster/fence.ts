import type { Change, Fenced, Memory, Pc } from './facts.ts'
import { allowedNames } from './options.ts'
import { healed } from './proof.ts'
import { isUntold, replacements } from './replace.ts'
import { brickOf, isMember, type View } from './view.ts'

/**
 * A PC that was away while its brick was replaced comes back with an old list of bricks: whoever mounts from it writes to
 * the wrong ones, and nothing tells. So it is shut out before it is replaced, and let in when it was wiped.
 */
export function fences(view: View): Change[] {
  return [...shutOut(view), ...wipes(view), ...letIn(view)]
}

function shutOut(view: View): Change[] {
  return replacements(view)
    .filter(({ from }) => isUntold(from, view))
    .map(({ from: { pc } }) => ({
      change: 'fence',
      pc,
      allowed: allowedNames({ ...view, memory: fenced(pc, view) }),
    }))
}

/** The memory in which that PC is fenced. */
export function fenced(pc: string, view: View): Memory {
  const node = view.pcs.find(({ name }) => name === pc)
  const one: Fenced = {
    pc,
    uuid: view.peers.find(({ name }) => name === pc)?.uuid ?? node?.uuid,
    brickId: view.memory.members[pc],
    since: view.now,
    mayWipe: false,
  }
  const others = view.memory.fenced.filter((other) => other.pc !== pc)
  return { ...view.memory, epoch: view.memory.epoch + 1, fenced: [...others, one] }
}

const fencedPcs = (view: View): { readonly one: Fenced; readonly node: Pc }[] =>
  view.memory.fenced.flatMap((one) => {
    const node = view.pcs.find(({ name }) => name === one.pc)
    return node?.ready ? [{ one, node }] : []
  })

/** PCs that came back with what is no more the volume's, and those whose brick left it while they were there. */
function wipes(view: View): Change[] {
  const back = fencedPcs(view)
    .filter(({ one, node }) => !one.mayWipe && !isMember(view, node.name) && !isWiped(one, node))
    .map(({ node }) => node)
  const { volume } = view
  const left = view.pcs.filter(
    (pc) =>
      volume !== undefined &&
      !isMember(view, pc.name) &&
      !view.memory.fenced.some((one) => one.pc === pc.name) &&
      view.memory.mayEmpty[pc.name] === undefined &&
      brickOf(pc)?.holds === volume.id,
  )
  return [...back, ...left].map(({ name }) => ({ change: 'wipe', pc: name }))
}

/** The memory in which that PC's agent may empty what it has. */
export function emptying(pc: string, view: View): Memory {
  const { memory } = view
  const id = brickOf(view.pcs.find(({ name }) => name === pc))?.id
  return {
    ...memory,
    fenced: memory.fenced.map((one) => (one.pc === pc ? { ...one, mayWipe: true } : one)),
    mayEmpty: id === undefined ? memory.mayEmpty : { ...memory.mayEmpty, [pc]: id },
  }
}

/** Nobody may empty anything any more once some brick of the volume is away or behind: what is left may be needed. */
export function revoked(view: View): Memory {
  const { memory } = view
  if (healed(view)) return memory
  return { ...memory, mayEmpty: {}, fenced: memory.fenced.map((one) => ({ ...one, mayWipe: false })) }
}

/** Whether nothing is left on it of what it was: another UUID or none, no pool, an empty brick or none. */
export function isWiped({ uuid }: Fenced, pc: Pc): boolean {
  const brick = brickOf(pc)
  return pc.epoch === 0 && pc.uuid !== uuid && (pc.brick === 'none' || brick?.holds === 'nothing')
}

function letIn(view: View): Change[] {
  return fencedPcs(view).map(({ node }) => ({ change: 'unfence', pc: node.name }))
}

export const unfenced = (pc: string, { memory }: View): Memory => ({
  ...memory,
  fenced: memory.fenced.filter((one) => one.pc !== pc),
})
