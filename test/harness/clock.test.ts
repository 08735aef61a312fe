import test from 'ava'
import { fakeTime } from './clock.ts'

test('sleepers wake in the order of their times, and only as time passes', async (t) => {
  const time = fakeTime()
  const clock = time.clock()
  const woken: string[] = []
  void clock.sleep(200).then(() => woken.push(`late at ${time.now()}`))
  void clock.sleep(100).then(async () => {
    woken.push(`early at ${time.now()}`)
    await clock.sleep(50)
    woken.push(`again at ${time.now()}`)
  })
  await time.pass(99)
  t.deepEqual(woken, [])
  await time.pass(200)
  t.deepEqual(woken, ['early at 100', 'again at 150', 'late at 200'])
  t.is(time.now(), 299)
})

test('a signal wakes a sleeper early, and whoever sleeps after it does not sleep', async (t) => {
  const time = fakeTime()
  const ending = new AbortController()
  let woken = 0
  void time
    .clock()
    .sleep(1_000, ending.signal)
    .then(() => woken++)
  ending.abort()
  await time.pass(0)
  await time.clock().sleep(1_000, ending.signal)
  t.is(woken, 1)
  t.is(time.now(), 0)
})

test('clocks begin where they are told to, and go alike', async (t) => {
  const time = fakeTime()
  const [here, there] = [time.clock(), time.clock(5_000)]
  await time.pass(1_000)
  t.deepEqual([here.now(), there.now()], [1_000, 6_000])
  t.deepEqual([here.wall().getTime(), there.wall().getTime()], [1_000, -4_000])
})
