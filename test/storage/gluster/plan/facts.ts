import type {
  Brick,
  BrickPlace,
  Facts,
  Memory,
  Pc,
  Policy,
  Volume,
} from '../../../../storage/gluster/plan/facts.ts'
import { GIB, NEW_MEMORY, POLICY as QUICK_POLICY } from './room.ts'

export const NOW = Date.UTC(2026, 10, 27, 12)
export const MINUTE = 60_000
export const ID = '3c0f8b52-0000-4000-8000-000000000001'
const LONG_AGO = NOW - 24 * 60 * MINUTE

export const POLICY: Policy = { ...QUICK_POLICY, replaceAfter: 30 * MINUTE }

export const nameOf = (at: number): string => `pc-${at}`
export const place = (at: number): BrickPlace => ({ pc: nameOf(at), path: '/brick/data' })
export const places = (...which: readonly number[]): BrickPlace[] => which.map(place)

export const brick = (at: number, given: Partial<Brick> = {}): Brick => ({
  id: `disk-${at}`,
  path: '/brick/data',
  bytes: 100 * GIB,
  free: (90 - at) * GIB,
  holds: 'nothing',
  fault: undefined,
  ...given,
})

export const pc = (at: number, given: Partial<Pc> = {}): Pc => ({
  name: nameOf(at),
  ready: true,
  since: LONG_AGO,
  open: true,
  retiring: false,
  brick: brick(at),
  uuid: `uuid-${at}`,
  epoch: 1,
  ...given,
})

/** So many PCs in one pool, all well, of which the first have the bricks of a volume of that width. */
export function wellRoom(pcs: number, bricks: number, width = bricks, arbiters = 0): Facts {
  const all = Array.from({ length: pcs }, (_, at) => at)
  const taken = all.slice(0, bricks)
  const names = all.map(nameOf)
  const volume: Volume = {
    name: 'homes',
    id: ID,
    status: 'started',
    width,
    arbiters,
    bricks: taken.map(place),
    options: { ...POLICY.options, ...POLICY.birth, 'auth.ssl-allow': [...names].sort().join(',') },
  }
  const memory: Memory = {
    ...NEW_MEMORY,
    epoch: 1,
    members: Object.fromEntries(taken.map((at) => [nameOf(at), `disk-${at}`])),
    whole: taken.map(nameOf),
    balanced: bricks / Math.max(1, width),
  }
  return {
    pcs: all.map((at) => pc(at, at < bricks ? { brick: brick(at, { holds: ID }) } : {})),
    peers: all.map((at) => ({
      name: nameOf(at),
      uuid: `uuid-${at}`,
      state: 'Peer in Cluster',
      connected: true,
    })),
    volume: bricks > 0 ? volume : 'none',
    running: taken.map((at) => ({
      ...place(at),
      online: true,
      port: 49152,
      pid: 100 + at,
      bytes: 100 * GIB,
      free: 60 * GIB,
    })),
    heal: taken.map((at) => ({ ...place(at), answered: true, pending: 0, splitBrain: 0 })),
    rebalance: 'none',
    tasks: [],
    root: { mtime: NOW - MINUTE },
    memory: bricks > 0 ? memory : NEW_MEMORY,
  }
}

export const withPc = (facts: Facts, at: number, given: Partial<Pc>): Facts => ({
  ...facts,
  pcs: (facts.pcs as readonly Pc[]).map((one) => (one.name === nameOf(at) ? { ...one, ...given } : one)),
})

export const withMemory = (facts: Facts, given: Partial<Memory>): Facts => ({
  ...facts,
  memory: { ...facts.memory, ...given },
})

export const withVolume = (facts: Facts, given: Partial<Volume>): Facts => ({
  ...facts,
  volume: { ...(facts.volume as Volume), ...given },
})

/** That PC is off for so many minutes, and everybody has noticed. */
export function off(facts: Facts, at: number, minutes: number): Facts {
  const since = NOW - minutes * MINUTE
  const gone = withPc(facts, at, { ready: false, since })
  const is = (one: { readonly pc: string }): boolean => one.pc === nameOf(at)
  const isMember = facts.volume !== 'none' && facts.volume !== 'unread' && facts.volume.bricks.some(is)
  return {
    ...gone,
    peers: list(facts.peers).map((one) => (one.name === nameOf(at) ? { ...one, connected: false } : one)),
    running: list(facts.running).map((one) => (is(one) ? { ...one, online: false } : one)),
    heal: list(facts.heal).map((one) => (is(one) ? { ...one, answered: false } : one)),
    memory: isMember
      ? {
          ...facts.memory,
          missing: { ...facts.memory.missing, [nameOf(at)]: since },
          whole: facts.memory.whole.filter((name) => name !== nameOf(at)),
        }
      : facts.memory,
  }
}

const list = <T>(read: readonly T[] | 'unread'): readonly T[] => (read === 'unread' ? [] : read)

/** Entries that the bricks of those PCs have for others. */
export const pending = (facts: Facts, ...which: readonly number[]): Facts => ({
  ...facts,
  heal: list(facts.heal).map((one) =>
    which.some((at) => nameOf(at) === one.pc) ? { ...one, pending: 7 } : one,
  ),
})

/** That PC is shut out, by name and by the volume's list. */
export function shutOut(facts: Facts, at: number): Facts {
  const { volume, memory } = facts
  if (volume === 'none' || volume === 'unread') return facts
  const allowed = (volume.options['auth.ssl-allow'] ?? '').split(',').filter((name) => name !== nameOf(at))
  return {
    ...facts,
    volume: { ...volume, options: { ...volume.options, 'auth.ssl-allow': allowed.join(',') } },
    memory: {
      ...memory,
      epoch: memory.epoch + 1,
      fenced: [
        ...memory.fenced,
        { pc: nameOf(at), uuid: `uuid-${at}`, brickId: `disk-${at}`, since: NOW - MINUTE, mayWipe: false },
      ],
    },
  }
}
