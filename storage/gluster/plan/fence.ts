import type { Change, Fenced, Memory, Pc } from './facts.ts'
import { allowedNames } from './options.ts'
import { enough } from './proof.ts'
import { isUntold, replacements } from './replace.ts'
import { setChanges } from './sets.ts'
import { brickOf, isFenced, isMember, membersOf, type View } from './view.ts'

/**
 * A PC that was away while its brick left the volume comes back with an old list of bricks: whoever mounts from it writes to
 * the wrong ones, and nothing tells. So it is shut out before that, and let in when it was wiped.
 */
export function fences(view: View): Change[] {
  return [...shutOut(view), ...wipes(view), ...letIn(view)]
}

function shutOut(view: View): Change[] {
  const replaced = replacements(view).map(({ from }) => from.pc)
  const lowered = setChanges(view).flatMap((one) => (one.change === 'lower' ? one.bricks : []))
  const leaving = [...replaced, ...lowered.map(({ pc }) => pc)]
  const untold = membersOf(view)
    .filter((one) => leaving.includes(one.pc) && isUntold(one, view))
    .map(({ pc }) => pc)
  return [...untold, ...leftUnheard(view)].map((pc) => ({
    change: 'fence',
    pc,
    allowed: allowedNames({ ...view, memory: fenced(pc, view) }),
  }))
}

/** PCs that were heard when their brick was asked away, and fell silent before Gluster did it. */
const leftUnheard = (view: View): string[] =>
  view.pcs
    .filter(({ name }) => !isMember(view, name) && !isFenced(view, name))
    .filter((pc) => view.volume !== undefined && brickOf(pc)?.holds === view.volume.id)
    .filter(({ name }) => view.peers.some((peer) => peer.name === name && !peer.connected))
    .map(({ name }) => name)

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

/** Nobody may empty anything any more while a set has too few bricks with everything: what is left may be needed. */
export function revoked(view: View): Memory {
  const { memory } = view
  if (enough(view)) return memory
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
