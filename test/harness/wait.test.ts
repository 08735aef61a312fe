import test from 'ava'
import { becomes, eventually } from './wait.ts'

const SOON = { seconds: 0.05, every: 5 }

test('what is looked for comes back, and looks that throw or see nothing are tried again', async (t) => {
  const looks = [undefined, new Error('not yet'), '', 'there']
  const look = (): string | undefined => {
    const next = looks.shift()
    if (next instanceof Error) throw next
    return next
  }
  t.is(await eventually('it is there', look, { every: 1 }), 'there')
})

test('time-outs name what was waited for and what was seen last', async (t) => {
  await t.throwsAsync(
    eventually('a pod is there', () => undefined, SOON),
    {
      message: /^a pod is there: not within 0.05 s; seen last: .*undefined/,
    },
  )
  await t.throwsAsync(
    becomes('the phase', async () => 'Pending', 'Running', SOON),
    {
      message: /^the phase: not 'Running' within 0.05 s; seen last: .*'Pending'/,
    },
  )
  const broken = (): never => {
    throw new Error('no API server')
  }
  await t.throwsAsync(eventually('an answer', broken, SOON), { message: /seen last: .*no API server/s })
})

test('becoming resolves with the seconds that it took', async (t) => {
  const since = performance.now()
  const seconds = await becomes('the time', () => performance.now() - since > 30, true, { every: 5 })
  t.true(seconds >= 0.03 && seconds < 20)
})
