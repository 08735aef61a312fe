import test from 'ava'
import type { Facts } from '../../orchestrator/facts.ts'
import { remember } from '../../orchestrator/remember.ts'
import type { State } from '../../orchestrator/state.ts'
import { DAY, MINUTE, NOW, POLICY, SECOND, watched, well, withPc } from './facts.ts'

const sizes = (facts: Facts, wanted: number, next: number, ms: number, is: Partial<typeof POLICY> = {}) => {
  const before: State = { ...watched(facts), size: { wanted, next, nextSince: NOW - ms } }
  return remember(facts, before, { ...POLICY, ...is }, NOW).state.size
}

test('one master below three PCs, three from three, five from seven', (t) => {
  for (const [others, next] of [
    [0, 1],
    [1, 1],
    [2, 3],
    [5, 3],
    [6, 5],
  ] as const)
    t.is(sizes(well(1, others), 1, 1, 0).next, next, `${others + 1} PCs`)
})

test('growth waits for half an hour, and shrinking for a day', (t) => {
  t.is(sizes(well(1, 2), 1, 3, 29 * MINUTE).wanted, 1)
  t.is(sizes(well(1, 2), 1, 3, 30 * MINUTE).wanted, 3)
  t.is(sizes(well(5, 1), 5, 3, DAY - SECOND).wanted, 5)
  t.is(sizes(well(5, 1), 5, 3, DAY).wanted, 3)
  // Something else seemed right in between.
  t.is(sizes(well(1, 6), 1, 3, 30 * MINUTE).wanted, 1)
})

test('it never goes below three by itself, and does when somebody says so', (t) => {
  t.deepEqual(sizes(well(2, 0), 3, 3, 10 * DAY), { wanted: 3, next: 3, nextSince: NOW })
  t.is(sizes(well(3, 0), 3, 1, 31 * MINUTE, { count: 1 }).wanted, 1)
})

test('what is there is wanted at first; an even number is finished', (t) => {
  t.is(sizes(well(3, 1), 0, 0, 0).wanted, 3)
  t.is(sizes(well(1, 4), 0, 0, 0).wanted, 1)
  t.is(sizes(well(2, 3), 0, 0, 0).wanted, 3)
})

test('PCs that must never be masters, and that were not seen for a day, do not count', (t) => {
  t.is(sizes(withPc(well(1, 2), 2, { never: true }), 1, 1, 0).next, 1)
  const facts = well(1, 2)
  const old = { ...watched(facts, { 'pc-2': 2 * DAY }), size: { wanted: 1, next: 1, nextSince: NOW } }
  t.is(remember(facts, old, POLICY, NOW).state.size.next, 1)
})
