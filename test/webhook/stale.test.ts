import test from 'ava'
import { PERSON } from '../../config/labels.ts'
import { AGEING_AFTER, stalenessOf } from '../../config/staleness.ts'
import { answer } from '../../webhook/answer.ts'
import { decide, type Known } from '../../webhook/decide.ts'
import { callOf } from './calls.ts'
import { known } from './people.ts'

const HOUR = 3_600_000
const READ = Date.parse('2026-11-26T05:00:00Z')

const pod = (slug: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'x', labels: { [PERSON]: slug } },
  spec: { containers: [{ name: 'c', image: 'x' }] },
})
const after = (ms: number): Known => ({ ...known, staleness: () => stalenessOf(READ, READ + ms, 12 * HOUR) })
const answered = (ms: number, slug = 'ada') => {
  const call = callOf(pod(slug))
  return JSON.parse(answer(call, decide(call, after(ms)))).response
}

test('fresh for a quarter of an hour, then told, then refused: the bounds belong to the later', (t) => {
  const states = [0, AGEING_AFTER - 1, AGEING_AFTER, 12 * HOUR - 1, 12 * HOUR, 99 * HOUR, -HOUR]
  t.deepEqual(
    states.map((ms) => stalenessOf(READ, READ + ms, 12 * HOUR).state),
    ['fresh', 'fresh', 'ageing', 'ageing', 'stale', 'stale', 'fresh'],
  )
})

test('nothing is said while the directory is read', (t) => {
  t.true(answered(AGEING_AFTER - 1).allowed)
  t.is(answered(AGEING_AFTER - 1).warnings, undefined)
})

test('after a quarter of an hour pods start, with a warning that kubectl shows whole', (t) => {
  const { allowed, patch, warnings } = answered(AGEING_AFTER)
  t.true(allowed)
  t.truthy(patch)
  t.is(warnings.length, 1)
  t.regex(warnings[0], /as the directory had them at 2026-11-26T05:00Z: see whether LDAP answers/)
  // The API server cuts longer ones.
  t.true(warnings[0].length <= 256)
})

test('after that nobody is believed to be who they were: 503, since when, and the mend', (t) => {
  const { allowed, status, warnings } = answered(12 * HOUR)
  t.false(allowed)
  t.is(warnings, undefined)
  t.like(status, { code: 503, reason: 'ServiceUnavailable' })
  for (const part of ['2026-11-26T05:00Z', 'admission.maxStale', 'LDAP', 'identity-sync', 'people lock'])
    t.true(status.message.includes(part), status.message)
})

test('a lock in the cluster, and not being known, come first', (t) => {
  const lock = { entryUUID: '', uid: 1, since: '', reason: '' }
  const locked = { ...after(99 * HOUR), locks: { of: () => lock, gone: () => false } }
  t.like(decide(callOf(pod('ada')), locked), { why: 'locked' })
  t.like(decide(callOf(pod('zoe')), after(99 * HOUR)), { why: 'unknown' })
})
