import { isMassLoss } from '../../../service/brake.ts'
import { brake } from './brake.ts'
import type { BrickPlace, Change } from './facts.ts'
import { isWiped } from './fence.ts'
import { ALLOWED, namesIn } from './options.ts'
import { elsewhere, enough, healed } from './proof.ts'
import { roomFor } from './replace.ts'
import { brickOf, isFenced, isFit, isInPool, isMember, membersOf, type View } from './view.ts'

/**
 * What no change may do, whoever proposes it. Each is a reason to wait, as words for an administrator; each is taken away
 * once by a test, which must see the harm.
 */
export interface Guard {
  readonly name: string
  readonly about: readonly Change['change'][]
  readonly refuses: (change: Change, view: View) => string | undefined
}

const guard = <Kind extends Change['change']>(
  name: string,
  about: readonly Kind[],
  refuses: (change: Extract<Change, { readonly change: Kind }>, view: View) => string | undefined,
): Guard => ({ name, about, refuses: refuses as Guard['refuses'] })

const when = (is: boolean, why: string): string | undefined => (is ? why : undefined)

/** Changes after which some brick is less than it was. */
const TAKES = ['fence', 'replace', 'reset', 'lower', 'wipe', 'detach'] as const
const SHAPES = ['replace', 'reset', 'lower', 'raise', 'add-set', 'rebalance'] as const

/** So long glusterd takes to notice that a PC died: until then each call to it blocks for two minutes. */
const UNNOTICED = 60_000

const ALL = [
  ...TAKES,
  ...SHAPES,
  ...(['unfence', 'probe', 'create', 'start', 'options', 'stop-rebalance', 'touch-root', 'heal'] as const),
]

export const GUARDS: readonly Guard[] = [
  // Asked again, it could be done twice.
  guard('one-at-a-time', ALL, (_, { memory }) =>
    when(memory.intent !== undefined, 'what was begun before is not seen to have ended'),
  ),
  guard('everything-read', [...TAKES, ...SHAPES, 'start', 'create'], (change, view) =>
    when(!view.complete && !isBehindhand(change, view), 'not everything could be read of Gluster'),
  ),
  guard('network', TAKES, (change, view) => {
    if (isBehindhand(change, view)) return undefined
    const away = brake(view)
    return when(away !== undefined, `${away}: more likely the network than so many PCs; nothing is replaced`)
  }),
  guard('unnoticed', ['fence', 'probe', 'detach', 'create', 'start', 'options', ...SHAPES], (_, view) => {
    const gone = view.pcs.find(
      (pc) =>
        !pc.ready &&
        view.now - (pc.since ?? 0) < UNNOTICED &&
        view.peers.some(({ name, connected }) => name === pc.name && connected),
    )
    return when(gone !== undefined, `Gluster has not noticed yet that ${gone?.name} is away`)
  }),
  guard('elsewhere', ['fence', 'replace', 'reset'], (change, view) => {
    if (change.change === 'fence') return isBehindhand(change, view) ? undefined : elsewhere(change.pc, view)
    return elsewhere(change.change === 'replace' ? change.from.pc : change.brick.pc, view)
  }),
  guard('fenced-first', ['replace', 'lower'], (change, view) => {
    const allowed = namesIn(view.volume?.options[ALLOWED] ?? '')
    const untold = (change.change === 'lower' ? change.bricks : [change.from]).find(
      ({ pc }) =>
        !view.peers.some((one) => one.name === pc && one.connected) &&
        (!isFenced(view, pc) || allowed.includes(pc)),
    )
    return when(untold !== undefined, `${untold?.pc} is away and not shut out yet`)
  }),
  guard('room', ['replace'], ({ from, to }, view) => {
    const member = membersOf(view).find(({ pc }) => pc === from.pc)
    const free = brickOf(view.pcs.find(({ name }) => name === to.pc))?.free ?? 0
    return when(
      member !== undefined && free <= roomFor(member, view),
      `${to.pc} has no room for what ${from.pc} had`,
    )
  }),
  guard('fit', ['create', 'raise', 'add-set', 'replace'], (change, view) => {
    const bricks = change.change === 'replace' ? [change.to] : change.bricks
    const unfit = bricks.find((one) => !isUsable(one, view))
    return when(unfit !== undefined, `the brick of ${unfit?.pc} is not fit to be used`)
  }),
  guard('count', ['create', 'raise', 'lower', 'add-set'], (change, view) => {
    const pcs = new Set(change.bricks.map(({ pc }) => pc))
    if (pcs.size !== change.bricks.length) return 'two bricks would be on one PC'
    return when(
      !isCount(change, view),
      `Gluster cannot make sets of that shape of ${change.bricks.length} bricks`,
    )
  }),
  guard('born-once', ['create'], (_, { memory }) =>
    when(
      Object.keys(memory.members).length > 0,
      'Gluster says that there is no volume, but there was one; a new one would hide the homes on its bricks',
    ),
  ),
  guard('sound-disks', ['start'], ({ force }, view) => {
    const bad = membersOf(view).find((one) => one.connected && !isSoundDisk(one.pc, view))
    return when(
      force && bad !== undefined,
      `the disk of ${bad?.pc} failed its check: started by force, its brick would be on the system's disk`,
    )
  }),
  guard('wiped-first', ['unfence'], ({ pc }, view) => {
    const one = view.memory.fenced.find((fenced) => fenced.pc === pc)
    const node = view.pcs.find(({ name }) => name === pc)
    const isClean = one !== undefined && node !== undefined && isWiped(one, node)
    const isForgotten = !view.peers.some(({ name, uuid }) => name === pc && uuid === one?.uuid)
    return when(!isMember(view, pc) && !(isClean && isForgotten), `${pc} is shut out until it was wiped`)
  }),
  guard('healed-before-wiping', ['wipe'], ({ pc }, view) =>
    when(
      !enough(view) || isMember(view, pc),
      `what ${pc} holds stays until enough bricks of each set are there and have everything`,
    ),
  ),
  guard('clean', ['probe'], ({ pc }, view) => {
    const node = view.pcs.find(({ name }) => name === pc)
    const isClean = node?.epoch === 0 && brickOf(node)?.holds === 'nothing'
    return when(
      !isClean || isFenced(view, pc),
      `${pc} still has what it knew of an old pool, or an old brick`,
    )
  }),
  guard('no-brick-left', ['detach'], ({ pc }, view) =>
    when(isMember(view, pc), `${pc} has a brick of the volume`),
  ),
  guard('settled', ['lower', 'raise', 'add-set', 'rebalance'], (change, view) => {
    const left = change.change === 'lower' ? change.bricks.map(({ pc }) => pc) : []
    return when(!healed(view, left), 'first all bricks must be there and have everything')
  }),
  guard('one-move', SHAPES, (_, { tasks, rebalance }) =>
    when(
      tasks.length > 0 || rebalance?.state === 'running',
      'Gluster is moving files: begun by hand, or after a set was added',
    ),
  ),
  guard('mass-loss', ['options', 'fence', 'detach'], (change, { volume, peers, pcs }) => {
    const gone = peers.filter(({ name }) => !pcs.some((pc) => pc.name === name))
    if (change.change === 'detach')
      return when(
        isMassLoss(gone.length, peers.length),
        `${gone.length} PCs of the pool are none of the room any more`,
      )
    const before = namesIn(volume?.options[ALLOWED] ?? '')
    const names = change.change === 'fence' ? change.allowed : change.options[ALLOWED]
    const after = names === undefined ? before : namesIn(names)
    const lost = before.filter((name) => !after.includes(name))
    return when(
      isMassLoss(lost.length, before.length) || (before.length > 0 && after.length === 0),
      `${lost.length} PCs would be shut out at once`,
    )
  }),
]

/** Shutting out a PC whose brick is gone from the volume already: that takes nothing away, and cannot wait. */
const isBehindhand = (change: Change, view: View): boolean =>
  change.change === 'fence' && !isMember(view, change.pc)

function isUsable({ pc, path }: BrickPlace, view: View): boolean {
  const node = view.pcs.find(({ name }) => name === pc)
  const brick = brickOf(node)
  if (node === undefined || brick === undefined || brick.path !== path) return false
  return isFit(brick) && node.ready && isInPool(view, node) && !isFenced(view, pc) && !isMember(view, pc)
}

const isSoundDisk = (pc: string, view: View): boolean => {
  const brick = brickOf(view.pcs.find(({ name }) => name === pc))
  if (brick === undefined || brick.fault !== undefined || brick.holds !== view.volume?.id) return false
  // Another disk bears the volume's mark where it was started by force once: it has none of the files.
  return brick.id === (view.memory.members[pc] ?? brick.id)
}

function isCount(
  change: Extract<Change, { readonly change: 'create' | 'raise' | 'lower' | 'add-set' }>,
  { sets, volume }: View,
): boolean {
  const { length } = change.bricks
  if (change.change === 'add-set') return length === volume?.width
  const { width } = change
  const arbiters = change.change === 'lower' ? 0 : change.arbiters
  if (width < 1 || width > 7 || (arbiters > 0 && (width !== 3 || arbiters > 1))) return false
  if (change.change === 'create') return length === width
  const before = volume?.width ?? 0
  const each = change.change === 'raise' ? width - before : before - width
  return each > 0 && length === each * sets.length && isOneOfEach(change, sets)
}

/** What is taken away is taken from each set alike. */
const isOneOfEach = (
  change: Extract<Change, { readonly change: 'raise' | 'lower' }>,
  sets: View['sets'],
): boolean =>
  change.change === 'raise' ||
  sets.every((set) => set.filter(({ pc }) => change.bricks.some((one) => one.pc === pc)).length === 1)

/** Why a change must wait, with the guard's name. */
export function refusal(change: Change, view: View, guards: readonly Guard[]) {
  for (const { name, about, refuses } of guards) {
    const why = about.includes(change.change) ? refuses(change, view) : undefined
    if (why !== undefined) return { name, why }
  }
  return undefined
}
