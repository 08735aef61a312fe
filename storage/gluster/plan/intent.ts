import type { BrickPlace, Change, Facts, Intent, Memory, Peer, Volume } from './facts.ts'
import { brickOf, IN_CLUSTER } from './view.ts'

/** So long an answer that did not come may still mean that Gluster is at it: its own calls give up after two minutes. */
const LONGEST = 180_000
/** So long it may take until something that Gluster accepted is seen. */
const SEEN_WITHIN = 30_000
const DAY = 24 * 3_600_000

/** What shows whether a change is so. */
export type Shown = Pick<Facts, 'pcs' | 'peers' | 'volume' | 'running' | 'rebalance' | 'root'>

/** Whether a change that was begun is seen done; `'unread'` where what would show it was not read. */
export function isDone(change: Change, facts: Shown, now: number): boolean | 'unread' {
  const { volume, peers } = facts
  switch (change.change) {
    case 'probe':
      return peers === 'unread' ? 'unread' : peers.some((one) => one.name === change.pc && isWell(one))
    case 'detach':
      return peers === 'unread' ? 'unread' : !peers.some(({ name }) => name === change.pc)
    case 'start':
      return isStarted(change.force, facts)
    case 'rebalance':
    case 'stop-rebalance':
      return isRun(change, facts)
    case 'touch-root':
      return facts.root === 'unread' ? 'unread' : isSane(facts.root.mtime, now)
    case 'reset':
      return isReset(change, facts)
    case 'heal':
    case 'wipe':
    case 'unfence':
      return true
    default:
      return volume === 'unread' ? 'unread' : volume !== 'none' && hasShape(change, volume)
  }
}

/** The mtime of a root that Gluster spoilt lies thousands of years ahead, and mounts deny people what is theirs. */
export const isSane = (mtime: number, now: number): boolean => mtime >= 0 && mtime <= now + DAY

const isWell = ({ state, connected }: Peer): boolean => connected && state === IN_CLUSTER

type Shaping = Exclude<
  Change,
  {
    readonly change:
      | 'probe'
      | 'detach'
      | 'start'
      | 'rebalance'
      | 'stop-rebalance'
      | 'touch-root'
      | 'reset'
      | 'heal'
      | 'wipe'
      | 'unfence'
  }
>

function hasShape(change: Shaping, volume: Volume): boolean {
  const has = ({ pc, path }: BrickPlace): boolean =>
    volume.bricks.some((one) => one.pc === pc && one.path === path)
  switch (change.change) {
    case 'fence':
      return volume.options['auth.ssl-allow'] === change.allowed
    case 'options':
      return Object.entries(change.options).every(([name, value]) => volume.options[name] === value)
    case 'create':
    case 'raise':
      return volume.width === change.width && change.bricks.every(has)
    case 'lower':
      return volume.width === change.width && !change.bricks.some(has)
    case 'add-set':
      return change.bricks.every(has)
    case 'replace':
      return has(change.to) && !has(change.from)
  }
}

function isStarted(force: boolean, { volume, running, peers }: Shown): boolean | 'unread' {
  if (volume === 'unread' || running === 'unread' || peers === 'unread') return 'unread'
  if (volume === 'none' || volume.status !== 'started') return false
  const heard = volume.bricks.filter(({ pc }) => peers.some((one) => one.name === pc && one.connected))
  return !force || heard.every(({ pc }) => running.some((one) => one.pc === pc && one.online))
}

function isRun(
  change: Extract<Change, { readonly change: 'rebalance' | 'stop-rebalance' }>,
  { rebalance }: Shown,
): boolean | 'unread' {
  if (rebalance === 'unread') return 'unread'
  if (change.change === 'rebalance') return rebalance !== 'none' && rebalance.id !== change.former
  return rebalance === 'none' || rebalance.id !== change.id || rebalance.state !== 'running'
}

function isReset(
  { brick, id }: Extract<Change, { readonly change: 'reset' }>,
  { volume, pcs }: Shown,
): boolean | 'unread' {
  if (volume === 'unread' || pcs === 'unread') return 'unread'
  const there = brickOf(pcs.find(({ name }) => name === brick.pc))
  return volume !== 'none' && there?.id === id && there.holds === volume.id
}

/** What is known now of a change that was begun. */
export function outcomeOf(intent: Intent, facts: Facts, now: number): 'done' | 'not done' | 'unknown' {
  const done = isDone(intent.change, facts, now)
  if (done === true) return 'done'
  if (typeof intent.answer === 'object') return done === 'unread' ? 'unknown' : 'not done'
  const patience = intent.answer === 'accepted' ? SEEN_WITHIN : LONGEST
  return done === false && now - intent.since >= patience ? 'not done' : 'unknown'
}

/** The memory after a change was seen done or not done. */
export function after(intent: Intent, outcome: 'done' | 'not done', memory: Memory, facts: Facts): Memory {
  const settled = { ...memory, intent: undefined }
  const { change } = intent
  if (outcome === 'not done')
    // A volume that could not be made leaves its mark on bricks that held nothing before: they may be emptied again.
    return change.change === 'create'
      ? { ...settled, mayEmpty: emptyable(change.bricks, memory, facts) }
      : settled
  switch (change.change) {
    case 'create':
      return { ...settled, whole: change.bricks.map(({ pc }) => pc), balanced: 1 }
    // A new set is empty, so each of its bricks has all that there is.
    case 'add-set':
      return { ...settled, whole: [...memory.whole, ...change.bricks.map(({ pc }) => pc)] }
    case 'replace':
      return without(settled, [change.from.pc])
    case 'lower':
      return without(
        settled,
        change.bricks.map(({ pc }) => pc),
      )
    case 'reset': {
      const rest = without(settled, [change.brick.pc])
      return { ...rest, members: { ...rest.members, [change.brick.pc]: change.id } }
    }
    case 'rebalance': {
      const run = typeof facts.rebalance === 'string' ? undefined : facts.rebalance
      return { ...settled, spreading: run && { id: run.id, sets: change.sets } }
    }
    default:
      return settled
  }
}

function without(memory: Memory, pcs: readonly string[]): Memory {
  const rest = <T>(by: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(by).filter(([pc]) => !pcs.includes(pc)))
  return {
    ...memory,
    whole: memory.whole.filter((pc) => !pcs.includes(pc)),
    members: rest(memory.members),
    missing: rest(memory.missing),
  }
}

function emptyable(bricks: readonly BrickPlace[], memory: Memory, { pcs }: Facts): Memory['mayEmpty'] {
  const ids = bricks.flatMap(({ pc }): [string, string][] => {
    const brick = pcs === 'unread' ? undefined : brickOf(pcs.find(({ name }) => name === pc))
    return brick === undefined ? [] : [[pc, brick.id]]
  })
  return { ...memory.mayEmpty, ...Object.fromEntries(ids) }
}
