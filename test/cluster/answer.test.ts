import { ApiException } from '@kubernetes/client-node'
import test from 'ava'
import { failureOf, reasonOf, unless } from '../../cluster/answer.ts'

const answered = (code: number, body: unknown) =>
  new ApiException(code, 'whole answer\nwith headers', body, {})

test('the API server’s own sentence is the reason, and never its whole answer', (t) => {
  const message = 'secrets "x" is forbidden'
  for (const body of [{ message }, JSON.stringify({ kind: 'Status', message })])
    t.is(reasonOf(answered(403, body)), `the API server answered 403: ${message}`)
  for (const body of ['<html>', undefined, {}, 'null'])
    t.is(reasonOf(answered(502, body)), 'the API server answered 502: no reason given')
})

test('any other error is its first line with its cause; what is no error is its text', (t) => {
  t.is(
    reasonOf(new Error('fetch failed\nat x', { cause: new Error('ECONNREFUSED') })),
    'fetch failed: ECONNREFUSED',
  )
  t.is(reasonOf('gone'), 'gone')
  t.true(reasonOf(new Error('x'.repeat(9_999))).length <= 300)
  t.is(
    failureOf('ada', answered(409, { message: 'changed' })).message,
    'ada: the API server answered 409: changed',
  )
})

test('one code alone is taken for absence', async (t) => {
  t.is(await unless(404, () => Promise.reject(answered(404, ''))), undefined)
  t.is(await unless(404, async () => 7), 7)
  await t.throwsAsync(() => unless(404, () => Promise.reject(answered(403, ''))))
  await t.throwsAsync(() => unless(404, () => Promise.reject(new Error('404'))))
})
