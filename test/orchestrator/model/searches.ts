import { GUARDS } from '../../../orchestrator/guards.ts'
import type { Rules } from './moves.ts'
import type { RoomWish } from './rooms.ts'
import type { Fault } from './world.ts'

export const RULES: Rules = { guards: GUARDS, faults: ['off'], admits: true, strict: true }
const THREE: RoomWish = { masters: 3, spares: 2, wanted: 3 }
const dead = ['m0']

export interface SearchWish {
  readonly wish: RoomWish
  /** What may break; everything, where that is not said. */
  readonly faults?: readonly Fault[]
  /** Every world that can come to be is looked at. */
  readonly whole?: boolean
}

export const SEARCHES: Readonly<Record<string, SearchWish>> = {
  'one of three masters dies, and may come back': {
    wish: { ...THREE, left: { faults: 1, returns: 1 } },
    whole: true,
  },
  'a master is dead, and another PC dies': { wish: { ...THREE, dead, left: { faults: 1 } } },
  'a master is dead, and something takes too long': {
    wish: { ...THREE, dead, left: { delays: 1 } },
    whole: true,
  },
  'a master is dead, and jobs fail': { wish: { ...THREE, dead, left: { failures: 1 } }, whole: true },
  'a master is dead, and people do what they like': {
    wish: { ...THREE, spares: 1, dead, busy: true, bricks: true, left: { orders: 1 } },
  },
  'an etcd dies alone, and may come back': {
    wish: { ...THREE, left: { faults: 1, returns: 1 } },
    faults: ['etcd'],
    whole: true,
  },
  'a kubelet dies alone': { wish: { ...THREE, left: { faults: 1 } }, faults: ['kubelet'], whole: true },
  'a master steps down': { wish: { ...THREE, spares: 1, stepDown: 'm0' }, whole: true },
  'a master steps down, and a PC dies': {
    wish: { ...THREE, spares: 1, stepDown: 'm0', left: { faults: 1 } },
  },
  'one master becomes three': { wish: { masters: 1, spares: 2, wanted: 3 }, whole: true },
  'five masters become three': { wish: { masters: 5, spares: 0, wanted: 3 }, whole: true },
  'two of five masters are dead, and one may come back': {
    wish: { masters: 5, spares: 2, wanted: 5, dead: ['m0', 'm1'], left: { returns: 1 } },
  },
  'a master of four dies, and may come back': {
    wish: { masters: 4, spares: 1, wanted: 3, left: { faults: 1, returns: 1 } },
  },
}
