import test from 'ava'
import { inWords, type PartState, paceOf, secondsLeft } from '../../../lab/demo/estimate.ts'
import { outlook } from '../../../lab/demo/outlook.ts'

const part = (name: string, seconds: number, change: Partial<PartState> = {}): PartState => ({
  name,
  seconds,
  lane: 'one',
  needs: [],
  state: 'waiting',
  took: 0,
  ...change,
})

test('parts of one lane follow each other, lanes go on side by side', (t) => {
  const parts = [part('a', 60), part('b', 30), part('c', 40, { lane: 'two' })]
  t.is(secondsLeft(parts, ['a']), 60)
  t.is(secondsLeft(parts, ['b']), 90)
  t.is(secondsLeft(parts, ['c']), 40)
  t.is(secondsLeft(parts, ['a', 'c']), 60)
})

test('a part begins when what it needs is there, wherever that stands in the table', (t) => {
  const parts = [part('shown', 10, { lane: 'show', needs: ['slow', 'quick'] }), part('slow', 60)]
  t.is(secondsLeft([...parts, part('quick', 5, { lane: 'two' })], ['shown']), 70)
})

test('parts that wait for each other are told, not waited for', (t) => {
  const parts = [part('a', 1, { needs: ['b'] }), part('b', 1, { lane: 'two', needs: ['a'] })]
  t.throws(() => secondsLeft(parts, ['a']), { message: /wait for each other: a,b/ })
})

test('what is done or was there takes nothing', (t) => {
  const parts = [
    part('a', 60, { state: 'at hand' }),
    part('b', 30, { state: 'done', took: 30 }),
    part('c', 9),
  ]
  t.is(secondsLeft(parts, ['c']), 9)
  t.is(secondsLeft(parts, ['a']), 0)
})

test('a machine that took twice as long so far takes twice as long for the rest, believed by degrees', (t) => {
  t.is(paceOf([part('a', 40)]), 1)
  const little = paceOf([part('a', 40, { state: 'done', took: 80 })])
  const much = paceOf([part('a', 400, { state: 'done', took: 800 })])
  t.true(1 < little && little < much && much < 2, `${little} ${much}`)
  t.is(paceOf([part('a', 400, { state: 'at hand', took: 0 })]), 1, 'what cost nothing says nothing')
  t.true(paceOf([part('a', 400, { state: 'done', took: 200 })]) < 1)
  const left = secondsLeft([part('a', 400, { state: 'done', took: 800 }), part('b', 100)], ['b'])
  t.true(left > 180 && left < 200)
})

test('a part that goes on takes the rest of its time, and never seems to be at its end', (t) => {
  t.is(secondsLeft([part('a', 100, { state: 'running', took: 30 })], ['a']), 70)
  const late = secondsLeft([part('a', 100, { state: 'running', took: 100 })], ['a'])
  t.is(late, 10)
  // One that is overdue says that the machine is slower, and the rest of its lane is told so.
  const parts = [part('a', 100, { state: 'running', took: 300 }), part('b', 100)]
  t.true(secondsLeft(parts, ['b']) > 200)
})

test('times are told in words, without precision that nobody has', (t) => {
  t.is(inWords(0), 'less than a minute')
  t.is(inWords(49), 'less than a minute')
  t.is(inWords(60), 'about 1 min')
  t.is(inWords(100), 'about 2 min')
  t.is(inWords(1_190), 'about 20 min')
})

test('what is ahead is told, and what was reached no more', (t) => {
  const milestones = [
    { part: 'first', called: 'a pod' },
    { part: 'desktop', called: 'a desktop' },
  ]
  const parts = [part('first', 420), part('desktop', 780)]
  t.is(outlook(parts, milestones), 'a pod in about 7 min, a desktop in about 20 min')
  const [, desktop] = parts
  if (!desktop) return t.fail()
  const reached = part('first', 420, { state: 'done', took: 420 })
  t.is(outlook([reached, desktop], milestones), 'a desktop in about 13 min')
  t.is(outlook([reached, { ...desktop, state: 'done' }], milestones), '')
})
