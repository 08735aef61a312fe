import { LONG_AGO, type Machine, MEMBER, type World } from './world.ts'

/** Where a search begins. */

export interface RoomWish {
  readonly masters: number
  readonly spares: number
  readonly wanted: number
  readonly runs?: number
  readonly left?: Partial<World['left']>
  readonly stepDown?: string
  /** Masters that are dead already, and were for long. */
  readonly dead?: readonly string[]
  /** Spares have desktops in use. */
  readonly busy?: boolean
  /** Spares have bricks. */
  readonly bricks?: boolean
}

const machine = (is: Partial<Machine>, master: boolean): Machine => ({
  fault: 'none',
  silent: false,
  steady: true,
  boot: 0,
  node: { uid: 1, master, closedBy: '', warnedBy: '' },
  keys: master,
  api: master,
  data: '',
  busy: false,
  brick: 'none',
  plan: '',
  ...is,
})

const named = (letter: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${letter}${at}`)

export function room({
  masters,
  spares,
  wanted,
  runs = 2,
  left = {},
  stepDown,
  busy = false,
  bricks = false,
  dead = [],
}: RoomWish): World {
  const crowned = named('m', masters)
  const others = named('s', spares)
  return {
    machines: Object.fromEntries([
      ...crowned.map((name) => {
        const fault = dead.includes(name) ? 'off' : 'none'
        return [name, machine({ data: `${name}${MEMBER}`, fault, silent: fault === 'off' }, true)]
      }),
      ...others.map((name) => [name, machine({ busy, brick: bricks ? 'spared' : 'none' }, false)]),
    ]),
    members: crowned.map((name) => ({ id: `${name}${MEMBER}`, pc: name, learner: false })),
    leader: `m0${MEMBER}`,
    jobs: [],
    secrets: [],
    reached: [],
    backup: false,
    halt: false,
    pause: false,
    stepDown: stepDown ?? null,
    blind: false,
    kept: {
      epoch: 0,
      stormUntil: LONG_AGO,
      operation: undefined,
      restUntil: LONG_AGO,
      excluded: {},
      deposed: [],
      failures: 0,
      halted: undefined,
      wanted,
    },
    runs: Array.from({ length: runs }, () => ({ at: 'idle', effect: null, operation: '' })),
    left: { faults: 0, returns: 0, failures: 0, delays: 0, orders: 0, ...left },
  }
}
