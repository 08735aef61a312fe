import test from 'ava'
import * as fc from 'fast-check'
import { decide } from '../../../certificates/keeper/decide.ts'
import type { Facts, Memory } from '../../../certificates/keeper/facts.ts'
import { DELAYS, Room, type Variant, YEAR } from './room.ts'

const old = { id: 'old', notBefore: 0, notAfter: 3 * YEAR }
const young = { id: 'new', notBefore: YEAR, notAfter: 4 * YEAR }
const facts = (more: Partial<Facts>): Facts => ({
  signs: old,
  next: undefined,
  former: undefined,
  asked: false,
  places: [{ place: 'the map', holds: ['old'] }],
  leaves: [],
  wall: YEAR,
  now: 1_000,
  ...more,
})
const both = [{ place: 'the map', holds: ['old', 'new'] }]
const ask = (more: Partial<Facts>, memory?: Memory) => decide(facts(more), memory, DELAYS)

test('it begins when so little of an authority is left, or when it is asked for, and not before', (t) => {
  t.is(ask({}).move, undefined)
  t.is(ask({ wall: 1.9 * YEAR }).move, undefined)
  t.is(ask({ wall: 1.91 * YEAR }).move, 'begin')
  t.is(ask({ asked: true }).move, 'begin')
})

test('a new one signs when every place was seen to hold it, for as long as the slowest reader needs', (t) => {
  const { phase, move, waitsFor } = ask({ next: young })
  t.deepEqual({ phase, move }, { phase: 'publish', move: undefined })
  t.deepEqual(waitsFor, ['the map does not hold all of them yet'])
  const lost = ask({ next: young, places: [{ place: 'the map', holds: undefined }] })
  t.deepEqual(lost.waitsFor, ['the map cannot be read'])
  const seen = ask({ next: young, places: both })
  t.is(seen.phase, 'soak')
  const at = (now: number, memory: Memory) => ask({ next: young, places: both, now }, memory)
  t.is(at(1_049, seen.memory).move, undefined)
  t.is(at(1_050, seen.memory).move, 'switch')
  t.is(at(1_050, undefined).move, undefined, 'a process that starts anew waits anew')
  t.is(
    ask({ next: young }, seen.memory).memory,
    undefined,
    'a place that lost it is waited for from the begin',
  )
  const other = { ...young, id: 'other' }
  const there = [{ place: 'the map', holds: ['old', 'new', 'other'] }]
  t.is(ask({ next: other, places: there, now: 2_000 }, seen.memory).move, undefined, 'that was another one')
})

test('one that a wrong clock has made gives way to another one before it signs', (t) => {
  t.is(ask({ next: young, places: both, wall: YEAR - 1 }).move, 'begin')
  t.is(ask({ next: young, places: both, wall: 3.5 * YEAR }).move, 'begin')
})

test('the former one is forgotten when nobody shows a leaf of it, for as long as the slowest needs to follow', (t) => {
  const after = { signs: young, former: old, places: both, wall: 2 * YEAR }
  const waits = (leaves: Facts['leaves']) => ask({ ...after, leaves })
  t.deepEqual(waits([{ leaf: 'a', by: 'old' }]).waitsFor, ['a still shows another one’s certificate'])
  t.deepEqual(waits([{ leaf: 'a', by: undefined }]).waitsFor, ['a does not answer'])
  const seen = waits([{ leaf: 'a', by: 'new' }])
  t.is(seen.phase, 'retire')
  const at = (now: number, by: string) => ask({ ...after, leaves: [{ leaf: 'a', by }], now }, seen.memory)
  t.is(at(1_049, 'new').move, undefined)
  t.is(at(1_050, 'new').move, 'retire')
  t.is(at(1_050, 'old').move, undefined)
  t.is(at(1_050, 'old').memory, undefined)
})

test('the time of day, wherever it jumps, brings no step of a rotation about too early', (t) => {
  const seen = ask({ next: young, places: both })
  for (const wall of [YEAR, 2 * YEAR, 2.5 * YEAR])
    t.is(ask({ next: young, places: both, wall, now: 1_049 }, seen.memory).move, undefined)
  const leaving = { signs: young, former: old, places: both }
  const left = ask(leaving)
  for (const wall of [0, 2 * YEAR, 100 * YEAR])
    t.is(ask({ ...leaving, wall, now: 1_049 }, left.memory).move, undefined)
})

/** One that was made and never written is nobody's. */
const isOver = (room: Room): boolean => (room.end() ?? 'a0') !== 'a0'

test('cut off before any call, a keeper that starts anew comes to the same end', (t) => {
  const count = (() => {
    const room = new Room()
    room.ask()
    const keeper = room.keeper()
    let calls = 0
    for (; !isOver(room); calls++) {
      keeper.next()
      room.pass(1)
      room.server(0)
    }
    return calls
  })()
  t.true(count > 50)
  for (let cut = 0; cut <= count; cut++) {
    const room = new Room()
    room.ask()
    const keeper = room.keeper()
    for (let call = 0; call < cut; call++) {
      keeper.next()
      room.pass(1)
      room.server(0)
    }
    room.settle()
    t.true(isOver(room), `cut off before call ${cut}`)
  }
})

test('of which every second write is lost, a rotation still comes to its end', (t) => {
  const room = new Room()
  room.ask()
  let lose = true
  const lossy = function* () {
    let keeper = room.keeper()
    for (;;) {
      const { value } = keeper.next()
      if (value === 'writes') {
        if (lose) keeper = room.keeper()
        lose = !lose
      }
      yield value
    }
  }
  // It starts anew at each loss, and so waits anew.
  const keeper = lossy()
  for (let turn = 0; turn < 6_000; turn++) {
    keeper.next()
    room.pass(10)
    room.server(0)
    t.is(room.fault(), undefined)
  }
  t.true(isOver(room))
})

/** What may happen next, in any order. */
const event = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      does: fc.constant('keeper' as const),
      who: fc.nat(1),
      calls: fc.integer({ min: 1, max: 40 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('crash' as const), who: fc.nat(1) }) },
  {
    weight: 6,
    arbitrary: fc.record({ does: fc.constant('time' as const), time: fc.integer({ min: 1, max: 60 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('wall' as const), by: fc.integer({ min: -3, max: 3 }) }),
  },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('reader' as const), who: fc.nat(3) }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('server' as const), who: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('empty' as const), place: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('ask' as const) }) },
)

function play(
  variant: Variant,
  events: readonly (typeof event extends fc.Arbitrary<infer E> ? E : never)[],
): Room {
  const room = new Room(variant)
  const keepers = [room.keeper(), room.keeper()]
  const right = () => {
    const wrong = room.fault()
    if (wrong !== undefined) throw new Error(wrong)
  }
  room.ask()
  for (const one of events) {
    switch (one.does) {
      case 'keeper':
        for (let call = 0; call < one.calls; call++) {
          keepers[one.who]?.next()
          right()
        }
        break
      case 'crash':
        keepers[one.who] = room.keeper()
        break
      case 'time':
        room.pass(one.time)
        break
      case 'wall':
        room.wall += one.by * YEAR
        break
      case 'reader':
        room.reader(one.who)
        break
      case 'server':
        room.server(one.who)
        break
      case 'empty':
        room.empty(one.place)
        break
      case 'ask':
        room.ask()
        break
    }
    right()
  }
  return room
}

const order = (variant: Variant) =>
  fc.property(fc.array(event, { minLength: 40, maxLength: 160 }), (events) => {
    const room = play(variant, events)
    room.settle()
    // Whatever was made by a clock that ran ahead is as old as it says one day.
    room.wall = Math.max(room.wall, ...room.born.values())
    room.settle()
    return room.end() !== undefined
  })

test('whatever is served is trusted by everybody, at every moment, in every order of events; and it ends', (t) => {
  t.notThrows(() => fc.assert(order({}), { numRuns: 200 }))
})

test('the same finds a keeper that does not wait, does not look, or writes an old answer over a new one', (t) => {
  const variants: Variant[] = [
    { delays: { ...DELAYS, soak: 0 } },
    { delays: { ...DELAYS, settle: 0 } },
    { blind: true },
    { asksFirst: true },
  ]
  for (const variant of variants) {
    const { failed, errorInstance } = fc.check(order(variant), { numRuns: 5_000, endOnFailure: true })
    t.true(failed, JSON.stringify(variant))
    t.regex(String(errorInstance), /does not trust/)
  }
})
