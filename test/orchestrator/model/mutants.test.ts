import test from 'ava'
import { GUARDS } from '../../../orchestrator/guards.ts'
import { type RoomWish, room } from './rooms.ts'
import { search } from './search.ts'
import { RULES } from './searches.ts'
import type { Fault } from './world.ts'

/**
 * Each guard is taken away once, and the search must find the harm. What it cannot show, since something else stands before it
 * in every order of events that the model has, is shown by its case in admit.test.ts alone.
 */

interface Harm {
  readonly wish: RoomWish
  readonly faults?: readonly Fault[]
  /** etcd refuses nothing by itself. */
  readonly lax?: boolean
  readonly what: RegExp
}

const ONE: RoomWish = { masters: 3, spares: 1, wanted: 3, dead: ['m0'] }
const returns = { ...ONE, left: { returns: 1 } }
const orders = { ...ONE, left: { orders: 1 } }

const HARM: Readonly<Record<string, Harm>> = {
  ours: { wish: returns, what: /^I6/ },
  go: { wish: orders, what: /halted/ },
  calm: { wish: orders, what: /paused/ },
  'members-read': { wish: orders, what: /blindly|listed member/ },
  'quorum-after': {
    wish: { masters: 5, spares: 0, wanted: 3, left: { faults: 2 } },
    lax: true,
    what: /^I1/,
  },
  'still-lost': { wish: { ...returns, dead: ['m1'] }, what: /^I5/ },
  'not-leader': {
    wish: { masters: 3, spares: 1, wanted: 3, left: { faults: 1, orders: 1 } },
    faults: ['kubelet'],
    what: /^I5/,
  },
  'heir-first': { wish: { ...ONE, left: { faults: 1 } }, what: /no heir/ },
  backup: { wish: { ...ONE, left: { delays: 1 } }, what: /without a backup/ },
  'same-node': { wish: returns, what: /Node of a PC that is there/ },
  brick: { wish: { ...orders, bricks: true }, what: /^I8/ },
  open: { wish: orders, what: /^I7/ },
  warned: { wish: { ...ONE, busy: true, left: { delays: 1 } }, what: /warning/ },
  emptied: { wish: orders, what: /under its people/ },
}

const BY_ITS_CASE_ALONE = [
  'another-api',
  'join-ended',
  'keys',
  'member-first',
  'no-master',
  'no-member',
  'one-more',
  'worker-first',
]

const MOST = 20_000

for (const [name, { wish, faults = RULES.faults, lax = false, what }] of Object.entries(HARM))
  test(`without the guard ${name} the search finds the harm`, (t) => {
    const guards = GUARDS.filter((guard) => guard.name !== name)
    t.is(guards.length, GUARDS.length - 1)
    const rules = { ...RULES, guards, faults, strict: !lax }
    const { wrong, worlds } = search(room(wish), rules, { most: MOST })
    t.regex(wrong?.what ?? `nothing in ${worlds} worlds`, what)
    const { wrong: other } = search(room(wish), { ...rules, guards: GUARDS }, { most: worlds })
    t.is(other, undefined, 'with it there is none')
    t.log(`${wrong?.what}, after ${wrong?.way.length} moves: ${wrong?.way.slice(-5).join(', ')}`)
  })

test('without a second look right before the effect the search finds the harm', (t) => {
  const { wrong } = search(room(returns), { ...RULES, admits: false }, { most: MOST })
  t.regex(wrong?.what ?? '', /^I/)
})

test('every guard is in this table', (t) => {
  t.deepEqual(GUARDS.map(({ name }) => name).sort(), [...Object.keys(HARM), ...BY_ITS_CASE_ALONE].sort())
})
