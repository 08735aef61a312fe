import type { Change } from './facts.ts'
import { brickOf, isFenced, isMember, membersOf, type View } from './view.ts'

/** PCs with a brick come into the pool, by name; those that left, and have no brick of the volume, leave it. */
export function poolChanges(view: View): Change[] {
  return [...leaving(view), ...coming(view)]
}

function coming(view: View): Change[] {
  const isKnown = (name: string): boolean => view.peers.some((peer) => peer.name === name)
  return view.pcs
    .filter((pc) => {
      const brick = brickOf(pc)
      return (
        brick !== undefined &&
        brick.fault === undefined &&
        pc.ready &&
        pc.open &&
        !pc.retiring &&
        !isKnown(pc.name)
      )
    })
    .map(({ name }) => ({ change: 'probe', pc: name }))
}

function leaving(view: View): Change[] {
  return view.peers
    .filter(({ name, uuid, connected }) => {
      const pc = view.pcs.find((one) => one.name === name)
      if (name === view.self || isMember(view, name)) return false
      if (pc === undefined) return true
      // Its glusterd was made anew, or wiped: under its name the pool knows one that is no more.
      const isNew = pc.uuid === undefined ? isFenced(view, name) : pc.uuid !== uuid
      return (pc.retiring && connected) || (pc.epoch === 0 && isNew)
    })
    .map(({ name }) => ({ change: 'detach', pc: name }))
}

/** PCs that are asked to leave and whose plug may be pulled: what they had is elsewhere, as often as it was. */
export function safeToPull(view: View, healed: boolean): string[] {
  return view.pcs
    .filter((pc) => pc.retiring && !isMember(view, pc.name) && !isFenced(view, pc.name))
    .filter(() => healed || membersOf(view).length === 0)
    .map(({ name }) => name)
}
