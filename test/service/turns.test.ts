import test from 'ava'
import fc from 'fast-check'
import { atOnce, newBell, turns } from '../../service/turns.ts'
import { fakeTime } from '../harness/clock.ts'

test('a pass follows a pass after its rest, and a failed one is told and followed like any other', async (t) => {
  const time = fakeTime()
  const ending = new AbortController()
  const began: number[] = []
  const failures: unknown[] = []
  const rhythm = {
    rest: (result: number | undefined, took: number) => (result === undefined ? 50 : 100 + took),
    failed: (error: unknown) => failures.push(error),
  }
  const done = turns(time.clock(), rhythm, ending.signal, async () => {
    began.push(time.now())
    if (began.length === 2) throw new Error('the second')
    await time.clock().sleep(20)
    return began.length
  })
  await time.pass(400)
  t.deepEqual(began, [0, 140, 190, 330])
  t.deepEqual(failures.map(String), ['Error: the second'])
  ending.abort()
  await time.pass(100)
  await done
  t.is(began.length, 4)
})

test('a ring ends the rest, also one that came while a pass was under way', async (t) => {
  const time = fakeTime()
  const ending = new AbortController()
  const bell = newBell()
  const began: number[] = []
  const rhythm = { rest: () => 1_000, failed: () => {}, bell }
  const done = turns(time.clock(), rhythm, ending.signal, async () => {
    began.push(time.now())
    await time.clock().sleep(10)
  })
  await time.pass(5)
  bell.ring()
  await time.pass(95)
  t.deepEqual(began, [0, 10])
  bell.ring()
  await time.pass(20)
  t.deepEqual(began, [0, 10, 100])
  await time.pass(500)
  t.is(began.length, 3)
  ending.abort()
  await time.pass(1)
  await done
})

test('the end waits for the pass that is under way, and begins no other', async (t) => {
  const time = fakeTime()
  const ending = new AbortController()
  let over = false
  let passes = 0
  const done = turns(time.clock(), { rest: () => 0, failed: () => {} }, ending.signal, async () => {
    passes++
    await time.clock().sleep(100)
  }).then(() => {
    over = true
  })
  await time.pass(50)
  ending.abort()
  await time.pass(1)
  t.false(over)
  await time.pass(100)
  await done
  t.is(passes, 1)
})

test('all items are worked on, never more than so many at once', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(5), { maxLength: 30 }),
      fc.integer({ min: 1, max: 6 }),
      async (items, most) => {
        let now = 0
        let highest = 0
        const done: number[] = []
        await atOnce(items, most, new AbortController().signal, async (item) => {
          highest = Math.max(highest, ++now)
          for (let turn = 0; turn < item; turn++) await Promise.resolve()
          now--
          done.push(item)
        })
        t.deepEqual(done.toSorted(), items.toSorted())
        t.true(highest <= most)
      },
    ),
  )
})

test('after the signal, or after a failure, no further item is begun', async (t) => {
  const ending = new AbortController()
  const begun: number[] = []
  await atOnce([1, 2, 3, 4], 1, ending.signal, async (item) => {
    begun.push(item)
    if (item === 2) ending.abort()
  })
  t.deepEqual(begun, [1, 2])
  const tried: number[] = []
  const failing = atOnce([1, 2, 3, 4], 1, new AbortController().signal, async (item) => {
    tried.push(item)
    throw new Error(`at ${item}`)
  })
  await t.throwsAsync(failing, { message: 'at 1' })
  t.deepEqual(tried, [1])
})
