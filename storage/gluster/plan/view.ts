import type { Brick, BrickPlace, Facts, Memory, Pc, Peer, Policy, Rebalance, Task, Volume } from './facts.ts'

/** What was read, put together by brick; every decision looks at this. */
export interface View {
  readonly policy: Policy
  readonly now: number
  readonly memory: Memory
  /** The leader's PC, which cannot take itself out of the pool. */
  readonly self: string | undefined
  readonly pcs: readonly Pc[]
  readonly peers: readonly Peer[]
  readonly volume: Volume | undefined
  readonly sets: readonly (readonly Member[])[]
  /** Bricks that could become the volume's now, the largest first. */
  readonly spares: readonly Spare[]
  readonly rebalance: Rebalance | undefined
  readonly tasks: readonly Task[]
  /** The mtime of the volume's root; undefined where it was not seen. */
  readonly rootTime: number | undefined
  /** Whether all was read: of a view that lacks something, nothing is concluded that needs it. */
  readonly complete: boolean
}

/** A brick of the volume. */
export interface Member extends BrickPlace {
  readonly set: number
  readonly arbiter: boolean
  /** Undefined where the PC is none of the room any more. */
  readonly node: Pc | undefined
  /** Whether the leader's glusterd has its PC in the pool and hears it. */
  readonly connected: boolean
  /** Its process runs, its disk is sound and it says what it knows of others: it counts as a copy. */
  readonly live: boolean
  /** Its process does not run, or its disk is none any more; false also where that was not read. */
  readonly missing: boolean
  /** It lacks nothing that its set has. */
  readonly whole: boolean
  readonly pending: number
  readonly splitBrain: number
  readonly behind: readonly string[] | undefined
  /** Bytes that its file system holds; 0 where that is not known. */
  readonly used: number
}

export interface Spare {
  readonly pc: Pc
  readonly brick: Brick
}

export const brickOf = (pc: Pc | undefined): Brick | undefined =>
  pc === undefined || typeof pc.brick === 'string' ? undefined : pc.brick

export const placeOf = ({ pc, path }: BrickPlace): BrickPlace => ({ pc, path })

export const spareAt = ({ pc, brick }: Spare): BrickPlace => ({ pc: pc.name, path: brick.path })

const isAt =
  (place: BrickPlace) =>
  (one: BrickPlace): boolean =>
    one.pc === place.pc && one.path === place.path

/** A copy that holds contents and is there with all of them. */
export const isSound = ({ live, whole, arbiter }: Member): boolean => live && whole && !arbiter

export const membersOf = ({ sets }: Pick<View, 'sets'>): readonly Member[] => sets.flat()

export const isMember = (view: Pick<View, 'volume'>, pc: string): boolean =>
  view.volume?.bricks.some((one) => one.pc === pc) ?? false

export const isFenced = ({ memory }: Pick<View, 'memory'>, pc: string): boolean =>
  memory.fenced.some((one) => one.pc === pc)

/** Well in the pool, and with the UUID that its own agent knows: not a stranger under its name. */
export function isInPool({ peers }: Pick<View, 'peers'>, pc: Pc): boolean {
  const peer = peers.find(({ name }) => name === pc.name)
  return peer?.connected === true && peer.state === IN_CLUSTER && peer.uuid === pc.uuid
}

export const IN_CLUSTER = 'Peer in Cluster'

/** What the facts say together with what is remembered; undefined where not even PCs, pool and volume were read. */
export function viewOf(policy: Policy, facts: Facts, memory: Memory, now: number): View | undefined {
  const { pcs, peers, volume, running, heal, rebalance, tasks, root } = facts
  if (pcs === 'unread' || peers === 'unread' || volume === 'unread') return undefined
  const known = volume === 'none' ? undefined : volume
  const base = { policy, now, memory, self: facts.self, pcs, peers, volume: known }
  return {
    ...base,
    sets: setsOf(known, (place, at) => member(place, at, base, facts)),
    spares: sparesOf(base),
    rebalance: typeof rebalance === 'string' ? undefined : rebalance,
    tasks: tasks === 'unread' ? [] : tasks,
    rootTime: root === 'unread' ? undefined : root.mtime,
    complete: ![running, heal, rebalance, tasks].includes('unread'),
  }
}

function setsOf<T>(volume: Volume | undefined, of: (place: BrickPlace, at: number) => T): T[][] {
  const sets: T[][] = []
  volume?.bricks.forEach((place, at) => {
    const set = Math.floor(at / volume.width)
    sets[set] = [...(sets[set] ?? []), of(place, at)]
  })
  return sets
}

type Base = Pick<View, 'memory' | 'pcs' | 'peers' | 'volume'>

function member(place: BrickPlace, at: number, view: Base, { running, heal }: Facts): Member {
  const { pcs, peers, memory, volume } = view
  const width = volume?.width ?? 1
  const node = pcs.find(({ name }) => name === place.pc)
  const brick = brickOf(node)
  const state = running === 'unread' ? undefined : running.find(isAt(place))
  const healing = heal === 'unread' ? undefined : heal.find(isAt(place))
  const isAnother = brick !== undefined && (memory.members[place.pc] ?? brick.id) !== brick.id
  const isBroken = brick?.fault !== undefined || isAnother
  const connected = peers.some(({ name, connected }) => name === place.pc && connected)
  const online = state?.online ?? false
  return {
    ...placeOf(place),
    set: Math.floor(at / width),
    arbiter: volume?.arbiters === 1 && at % width === width - 1,
    node,
    connected,
    live: online && connected && !isBroken && healing?.answered === true,
    missing: isBroken || (running !== 'unread' && volume?.status === 'started' && !online),
    whole: memory.whole.includes(place.pc),
    pending: healing?.answered ? healing.pending : 0,
    splitBrain: healing?.answered ? healing.splitBrain : 0,
    behind: healing?.behind,
    used: state !== undefined && state.bytes > 0 ? state.bytes - state.free : 0,
  }
}

function sparesOf(view: Base): Spare[] {
  return view.pcs
    .flatMap((pc): Spare[] => {
      const brick = brickOf(pc)
      if (brick === undefined || isMember(view, pc.name) || isFenced(view, pc.name)) return []
      const isOpen = pc.ready && pc.open && !pc.retiring && isInPool(view, pc)
      return isOpen && isFit(brick) ? [{ pc, brick }] : []
    })
    .sort((a, b) => b.brick.free - a.brick.free || (a.pc.name < b.pc.name ? -1 : 1))
}

/** Whether Gluster may be given it: its check found nothing, and nothing is on it. */
export const isFit = ({ fault, holds }: Brick): boolean => fault === undefined && holds === 'nothing'
