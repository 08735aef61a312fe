import test from 'ava'
import { judge, NOTHING_YET } from '../../../directory/replica/decide.ts'
import type { Facts, Memory } from '../../../directory/replica/facts.ts'
import { hasAll, isEmpty, stampsOf } from '../../../directory/stamps.ts'

const SEED = '20200101000000.000000Z#000000#000#000000'
/** The stamp of something that the server of that number wrote, so many seconds into the day. */
const written = (second: number, number = 1): string =>
  `202611261200${String(second).padStart(2, '0')}.000000Z#000000#00${number}#000000`
const stamps = (...values: string[]) => stampsOf([SEED, ...values])

const EMPTY = stamps()
const OLD = stamps(written(1))
const NEW = stamps(written(2))

const facts = (given: Partial<Omit<Facts, 'others'>> & { others?: Record<number, typeof OLD> }): Facts => ({
  ordinal: 1,
  count: 3,
  own: NEW,
  begun: true,
  ...given,
  others: new Map(Object.entries(given.others ?? {}).map(([other, one]) => [Number(other), one])),
})

const COMPARED: Memory = { ...NOTHING_YET, compared: true }

test('stamps: each server’s newest counts by itself', (t) => {
  t.true(hasAll(stamps(written(2), written(1, 2)), stamps(written(2))))
  t.false(hasAll(stamps(written(2)), stamps(written(1), written(1, 2))))
  t.true(isEmpty(EMPTY))
  t.false(isEmpty(OLD))
  t.deepEqual(stampsOf(['nonsense']), new Map())
})

test('a server that begins is read once it has what a majority has, and not before', (t) => {
  const at = (others: Record<number, typeof OLD>) => judge(facts({ others }), NOTHING_YET, 0)
  t.regex(String(at({}).lacks), /too few/)
  t.false(at({}).mayBegin)
  t.like(at({ 0: NEW }), { lacks: [], mayBegin: true })
  t.like(at({ 0: OLD, 2: EMPTY }), { lacks: [], mayBegin: true })
  t.deepEqual(at({ 0: stamps(written(3)) }).lacks, ['server 0 has what is missing here'])
})

test('one that lost what it had is compared anew', (t) => {
  const { memory } = judge(facts({ others: { 0: NEW } }), COMPARED, 0)
  t.deepEqual(judge(facts({ own: OLD, others: { 0: NEW } }), memory, 1).lacks, [
    'server 0 has what is missing here',
  ])
  t.like(judge(facts({ own: OLD }), memory, 1), { mayBegin: false, mayGoOn: false })
})

test('one that has nobody is never read, and begins only where nobody ever was', (t) => {
  const empty = (begun: boolean | undefined, ordinal: number, others: Record<number, typeof OLD>) =>
    judge(facts({ own: EMPTY, begun, ordinal, others }), COMPARED, 0)
  for (const begun of [true, false, undefined]) {
    for (const ordinal of [0, 1]) {
      t.is(empty(begun, ordinal, { 2: EMPTY }).lacks.length, 1)
      t.is(empty(begun, ordinal, { 2: EMPTY }).mayBegin, begun === false && ordinal === 0)
      t.false(empty(begun, ordinal, { 2: OLD }).mayBegin)
      t.false(empty(begun, ordinal, {}).mayBegin)
    }
  }
  t.regex(String(empty(true, 0, { 1: EMPTY, 2: EMPTY }).lacks), /people were in it before/)
})

test('after a time with one server alone, nobody is believed who has not heard of that one', (t) => {
  const at = (ordinal: number, others: Record<number, typeof OLD>) =>
    judge(facts({ own: OLD, begun: false, ordinal, others }), NOTHING_YET, 0)
  t.regex(String(at(1, { 2: OLD }).lacks), /server 0 was alone/)
  t.like(at(1, { 0: OLD }), { lacks: [], mayBegin: false })
  t.false(at(1, { 2: OLD }).mayBegin)
  t.like(at(0, { 1: EMPTY }), { lacks: [], mayBegin: true })
  t.false(at(0, { 1: NEW }).mayBegin)
  const unknown = judge(facts({ begun: undefined, others: { 0: OLD, 2: OLD } }), NOTHING_YET, 0)
  t.regex(String(unknown.lacks), /API server/)
})

test('one that lags is read for 5 s more, by what the others had then and not by what they write meanwhile', (t) => {
  let { memory } = judge(facts({ others: { 0: stamps(written(3)) } }), COMPARED, 0)
  t.deepEqual(judge(facts({ others: { 0: stamps(written(3)) } }), memory, 4_000).lacks, [])
  t.deepEqual(judge(facts({ others: { 0: stamps(written(3)) } }), memory, 6_000).lacks, [
    'server 0 has what is missing here',
  ])
  // It follows, always a moment late: that is no lag.
  for (let second = 3; second < 50; second++) {
    const others = { 0: stamps(written(second)) }
    const seen = judge(facts({ own: stamps(written(second - 1)), others }), memory, second * 1_000)
    t.deepEqual(seen.lacks, [])
    memory = seen.memory
  }
})

test('a writer goes on for a moment without the others, and no longer; one that lacks something never begins', (t) => {
  const alone = judge(facts({}), COMPARED, 0)
  t.like(alone, { lacks: [], mayBegin: false, mayGoOn: true })
  t.true(judge(facts({}), alone.memory, 5_000).mayGoOn)
  t.false(judge(facts({}), alone.memory, 6_000).mayGoOn)
  t.true(judge(facts({ others: { 0: OLD } }), alone.memory, 6_000).mayGoOn)
  t.false(judge(facts({ own: undefined, others: { 0: OLD, 2: OLD } }), COMPARED, 0).mayGoOn)
  t.false(judge(facts({ others: { 0: stamps(written(3)), 2: OLD } }), COMPARED, 0).mayBegin)
  t.false(judge(facts({ begun: undefined, others: { 0: NEW, 2: NEW } }), COMPARED, 0).mayBegin)
})
