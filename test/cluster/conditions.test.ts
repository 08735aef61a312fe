import test from 'ava'
import { type Condition, type ConditionNews, conditionOver, isNews } from '../../cluster/conditions.ts'

const STANDS: Condition = {
  type: 'HomeReady',
  status: 'False',
  reason: 'WrongOwner',
  message: 'belongs to uid 7',
  observedGeneration: 2,
  lastTransitionTime: '2026-11-23T12:00:00Z',
}
const SAME: ConditionNews = {
  type: 'HomeReady',
  status: 'False',
  reason: 'WrongOwner',
  message: 'belongs to uid 7',
  generation: 2,
}
const NOW = new Date('2026-11-24T09:30:15.500Z')

test('a first condition is news; the same once more is not', (t) => {
  t.true(isNews(undefined, SAME))
  t.false(isNews(STANDS, SAME))
})

for (const [what, change] of [
  ['another status', { status: 'True' }],
  ['another reason', { reason: 'WrongMode' }],
  ['other words', { message: 'belongs to uid 8' }],
  ['a newer generation of the spec', { generation: 3 }],
] as const) {
  test(`${what} is news of a fault`, (t) => {
    t.true(isNews(STANDS, { ...SAME, ...change }))
  })
}

test('of what is well, a newer generation is news and other words are not', (t) => {
  const well: Condition = { ...STANDS, status: 'True', reason: 'Ready' }
  const news: ConditionNews = { ...SAME, status: 'True', reason: 'Ready' }
  t.false(isNews(well, { ...news, message: 'in other words' }))
  t.true(isNews(well, { ...news, generation: 3 }))
})

test('the time of the last transition moves with the status alone', (t) => {
  t.like(conditionOver(STANDS, { ...SAME, reason: 'WrongMode', generation: 3 }, NOW), {
    reason: 'WrongMode',
    observedGeneration: 3,
    lastTransitionTime: STANDS.lastTransitionTime,
  })
  const moved = conditionOver(STANDS, { ...SAME, status: 'True' }, NOW)
  t.is(moved.lastTransitionTime, '2026-11-24T09:30:15Z')
  t.is(conditionOver(undefined, SAME, NOW).lastTransitionTime, '2026-11-24T09:30:15Z')
})
