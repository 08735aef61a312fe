import test from 'ava'
import { secondsLeft } from '../../../lab/demo/estimate.ts'
import { partsOfDemo } from '../../../lab/demo/parts.ts'
import { begin, type Part } from '../../../lab/demo/work.ts'

/** Parts that note when they begin and end, and end when they are let. */
function table(...wanted: readonly Omit<Part, 'seconds' | 'make'>[]) {
  const events: string[] = []
  const doors = new Map(wanted.map(({ name }) => [name, Promise.withResolvers<void>()]))
  const parts = wanted.map((part) => ({
    ...part,
    seconds: 1,
    async make() {
      events.push(`${part.name} begins`)
      await doors.get(part.name)?.promise
      events.push(`${part.name} ends`)
    },
  }))
  return {
    parts,
    events,
    end: (name: string) => doors.get(name)?.resolve(),
    fail: (name: string) => doors.get(name)?.reject(new Error(`${name} failed`)),
  }
}
const nobody = { said: () => {}, done: () => {} }
const soon = () => new Promise((done) => setImmediate(done))

test('a lane makes one after the other, and lanes do not wait for each other', async (t) => {
  const { parts, events, end } = table(
    { name: 'a', lane: '1' },
    { name: 'b', lane: '1' },
    { name: 'c', lane: '2' },
  )
  const work = begin(parts, nobody)
  await soon()
  t.deepEqual(events, ['a begins', 'c begins'])
  end('a')
  await work.ready('a')
  await soon()
  t.deepEqual(events, ['a begins', 'c begins', 'a ends', 'b begins'])
  t.deepEqual(
    work.states().map(({ name, state }) => `${name} ${state}`),
    ['a done', 'b running', 'c running'],
  )
  end('b')
  end('c')
  await work.ready('a', 'b', 'c')
})

test('a part waits for what it needs, even where that stands further down', async (t) => {
  const { parts, events, end } = table({ name: 'a', lane: '1', needs: ['z'] }, { name: 'z', lane: '2' })
  const work = begin(parts, nobody)
  await soon()
  t.deepEqual(events, ['z begins'])
  end('z')
  await work.ready('z')
  await soon()
  t.deepEqual(events, ['z begins', 'z ends', 'a begins'])
  end('a')
  await work.ready('a')
})

test('what is at hand is not made, and holds nobody up', async (t) => {
  const { parts, events, end } = table(
    { name: 'a', lane: '1', isAtHand: () => true },
    { name: 'b', lane: '1', needs: ['a'] },
  )
  const work = begin(parts, nobody)
  end('b')
  await work.ready('b')
  t.deepEqual(events, ['b begins', 'b ends'])
  t.is(work.states()[0]?.state, 'at hand')
})

test('a failure reaches whoever waits for that part or for what needs it, and nothing further is begun', async (t) => {
  const { parts, events, fail, end } = table(
    { name: 'a', lane: '1' },
    { name: 'b', lane: '2', needs: ['a'] },
    { name: 'c', lane: '3' },
    { name: 'd', lane: '3' },
  )
  const work = begin(parts, nobody)
  await soon()
  fail('a')
  await t.throwsAsync(work.ready('a'), { message: 'a failed' })
  await t.throwsAsync(work.ready('b'), { message: 'a failed' })
  end('c')
  await work.ready('c')
  await t.throwsAsync(work.ready('d'), { message: 'd was not begun' })
  t.deepEqual(events, ['a begins', 'c begins', 'c ends'])
})

test('stopped, it begins nothing more and waits for what goes on', async (t) => {
  const { parts, events, end } = table({ name: 'a', lane: '1' }, { name: 'b', lane: '1' })
  const work = begin(parts, nobody)
  await soon()
  const stopped = work.stop()
  end('a')
  await stopped
  t.deepEqual(events, ['a begins', 'a ends'])
})

test('the parts of the demo can all be made, the first result long before the desktop', (t) => {
  const nothing = async (): Promise<void> => {}
  const parts = partsOfDemo({ name: 'room', showBare: nothing, showRoom: nothing })
  const cold = parts.map(({ name, seconds, lane, needs = [] }) => ({
    name,
    seconds,
    lane,
    needs,
    state: 'waiting' as const,
    took: 0,
  }))
  const names = parts.map(({ name }) => name)
  t.is(new Set(names).size, names.length)
  t.deepEqual(
    parts.flatMap(({ needs = [] }) => needs).filter((need) => !names.includes(need)),
    [],
  )
  const [first, desktop] = [secondsLeft(cold, ['first result']), secondsLeft(cold, ['desktop'])]
  t.true(first < 8 * 60, `${first}`)
  t.true(desktop < 20 * 60, `${desktop}`)
  t.true(first < desktop / 2)
})
