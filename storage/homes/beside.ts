import { type Place, SHARED, type Side, type Wish, wantedSide } from '../places/facts.ts'
import { problem } from '../problem.ts'
import type { OpenStorage } from './disk.ts'
import type { Disk, HomeFact } from './facts.ts'

/** What is known of where homes lie while they are moved between two storages. */
export interface Places {
  readonly wish: Wish
  readonly of: ReadonlyMap<string, Place>
}

/** Whether somebody must not come near that home now: the mover has it. */
export const isHeld = (places: Places | undefined, name: string): boolean =>
  places?.of.get(name)?.held !== undefined

/** Two storages as one: each home is looked at, made and taken away where it lies. */
export function besideEachOther(sides: Readonly<Record<Side, OpenStorage>>, places: Places): OpenStorage {
  const sideOf = (name: string): Side => places.of.get(name)?.side ?? wantedSide(places.wish, 'from')
  const on = (name: string): OpenStorage => sides[sideOf(name)]
  return {
    async look() {
      const [from, here] = await Promise.all([sides.from.look(), sides.here.look()])
      return asOne({ from, here }, places)
    },
    found: () => sides.here.found(),
    async sweep() {
      await Promise.all([sides.from.sweep(), sides.here.sweep()])
    },
    make: (person, skeleton) => on(person.entryUUID).make(person, skeleton),
    mark: (person) => on(person.entryUUID).mark(person),
    makeShared: (gid) => on(SHARED).makeShared(gid),
    makeFolder: (folder) => sides.here.makeFolder(folder),
    discard: (entryUUID, login, at) => on(entryUUID).discard(entryUUID, login, at),
    async close() {
      await Promise.all([sides.from.close(), sides.here.close()])
    },
  }
}

/** What both show, as one: of each home that side which counts. Pure. */
export function asOne({ from, here }: Readonly<Record<Side, Disk>>, { of }: Places): Disk {
  if (from.state === 'failed') return from
  if (from.state === 'empty') return missing
  if (here.state === 'failed') return here
  if (here.state === 'empty') {
    // Where homes lie already it is no new one.
    const used = [...of.values()].some(({ side, held }) => side === 'here' || held !== undefined)
    return used ? missing : here
  }
  const homes = new Map<string, HomeFact>()
  for (const side of ['here', 'from'] as const) {
    for (const [name, fact] of { from, here }[side].homes) {
      // Of whom nobody has said it yet, each home that stands counts.
      if (!of.has(name) && homes.has(name)) homes.set(name, TWICE)
      else if ((of.get(name)?.side ?? side) === side) homes.set(name, fact)
    }
  }
  const shared = of.get(SHARED)?.side ?? (from.shared === 'missing' ? 'here' : 'from')
  return { ...here, homes, shared: { from, here }[shared].shared }
}

const TWICE: HomeFact = {
  kind: 'unreadable',
  problem: problem(
    'MoveUnfinished',
    'the home stands on both storages, and nobody has said which one counts',
    'look at both, and move one of them away',
  ),
}

const missing: Disk = {
  state: 'failed',
  problem: problem(
    'StorageNotThere',
    'one of the two storages between which homes are moved is empty',
    'mount both on every PC; nothing is made or removed until they are back',
  ),
}

/**
 * On which side homes lie of which nobody has said it yet: where they stand, and new ones where they are wanted. Of one
 * that stands on both sides nothing is said: only somebody who looks can tell. Pure.
 */
export function unsaid(
  { from, here }: Readonly<Record<Side, Disk>>,
  people: readonly { readonly entryUUID: string }[],
  { wish, of }: Places,
): { readonly name: string; readonly side: Side }[] {
  if (from.state !== 'there' || here.state !== 'there') return []
  const standing = { from: from.homes, here: here.homes }
  const names = new Set([...people.map((one) => one.entryUUID), ...from.homes.keys(), ...here.homes.keys()])
  const homes = [...names].flatMap((name) => {
    if (of.has(name)) return []
    const sides = (['from', 'here'] as const).filter((side) => standing[side].has(name))
    if (sides.length === 2) return []
    return [{ name, side: sides[0] ?? wantedSide(wish, 'from') }]
  })
  if (of.has(SHARED)) return homes
  const shared =
    from.shared !== 'missing' ? 'from' : here.shared !== 'missing' ? 'here' : wantedSide(wish, 'from')
  return from.shared !== 'missing' && here.shared !== 'missing'
    ? homes
    : [...homes, { name: SHARED, side: shared }]
}
