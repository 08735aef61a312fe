import test from 'ava'
import fc from 'fast-check'
import { judge, sight, type Term } from '../../../cluster/lease/judge.ts'
import { lead, type TermStore } from '../../../cluster/lease/lead.ts'
import { fakeTime } from '../../harness/clock.ts'

/** Compare and swap in memory, with a switch for each candidate's way to it. */
function memoryStore() {
  let term: Term | undefined
  let writes = 0
  const cut = new Set<string>()
  const hang = new Set<string>()
  const reach = async (who: string): Promise<void> => {
    if (hang.has(who)) await new Promise(() => {})
    if (cut.has(who)) throw new Error('the store is out of reach')
  }
  const of = (who: string): TermStore => ({
    async read() {
      await reach(who)
      return term
    },
    async write(next, over) {
      await reach(who)
      if (term?.version !== over) return undefined
      term = { ...next, version: String(++writes) }
      return term
    },
  })
  return { of, cut, hang, holder: () => term?.holder }
}

/** Candidates that write down when they act; two who act at once is what must never be. */
function election(names: readonly string[]) {
  const time = fakeTime()
  const clock = time.clock()
  const store = memoryStore()
  const acting = new Set<string>()
  const overlaps: string[] = []
  const stops = new Map<string, () => void>()
  const done = names.map((me) => {
    const ending = new AbortController()
    stops.set(me, () => ending.abort())
    return lead({ store: store.of(me), me, clock, signal: ending.signal }, async (tenure) => {
      if (acting.size > 0) overlaps.push(`${me} began while ${[...acting].join()} acted at ${clock.now()}`)
      acting.add(me)
      while (!tenure.aborted) await clock.sleep(500, tenure)
      acting.delete(me)
    })
  })
  return { time, store, acting, overlaps, stop: (me: string) => stops.get(me)?.(), done }
}

test('one leads, the others wait', async (t) => {
  const { time, acting, overlaps, stop, done } = election(['a', 'b', 'c'])
  await time.pass(60_000)
  t.deepEqual([acting.size, overlaps], [1, []])
  for (const name of ['a', 'b', 'c']) stop(name)
  await time.pass(5_000)
  await Promise.all(done)
})

test('who ends gives the term back, and another has it at the next try', async (t) => {
  const { time, store, acting, stop } = election(['a', 'b'])
  await time.pass(10_000)
  const [first = ''] = acting
  stop(first)
  await time.pass(2_500)
  t.is(acting.size, 1)
  t.false(acting.has(first))
  t.not(store.holder(), first)
})

for (const fault of ['cut', 'hang'] as const) {
  test(`a leader whose way to the store is ${fault} stops before another begins`, async (t) => {
    const { time, store, acting, overlaps } = election(['a', 'b'])
    await time.pass(10_000)
    const [first = ''] = acting
    store[fault].add(first)
    await time.pass(12_500)
    t.deepEqual([...acting], [], 'the old one must have stopped, and nobody may have begun')
    await time.pass(10_000)
    t.deepEqual([acting.size, acting.has(first), overlaps], [1, false, []])
  })
}

test('a candidate believes its own clock, not the stamps of others', (t) => {
  const old = new Date(0)
  const term: Term = {
    holder: 'b',
    duration: 15_000,
    acquired: old,
    renewed: old,
    transitions: 0,
    version: '1',
  }
  const first = sight(undefined, term, 1_000_000)
  t.is(judge(first, 'a', 1_000_000), 'wait')
  t.is(judge(sight(first, term, 1_010_000), 'a', 1_015_000), 'wait')
  t.is(judge(sight(first, term, 1_010_000), 'a', 1_015_001), 'take')
  t.is(judge(sight(first, { ...term, version: '2' }, 1_010_000), 'a', 1_015_001), 'wait')
  t.is(judge(sight(first, { ...term, holder: '', version: '2' }, 1_000_000), 'a', 1_000_000), 'take')
})

test('through whatever faults, no two ever act at once', async (t) => {
  const names = ['a', 'b', 'c']
  const step = fc.record({
    who: fc.constantFrom(...names),
    what: fc.constantFrom('cut', 'hang', 'mend'),
    wait: fc.integer({ min: 100, max: 20_000 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { time, store, overlaps } = election(names)
      for (const { who, what, wait } of steps) {
        if (what !== 'mend') store[what].add(who)
        else for (const fault of [store.cut, store.hang]) fault.delete(who)
        await time.pass(wait)
      }
      t.deepEqual(overlaps, [])
    }),
    { numRuns: 60 },
  )
})

test('what the work throws ends the candidacy, and the term is given back', async (t) => {
  const time = fakeTime()
  const clock = time.clock()
  const store = memoryStore()
  const { signal } = new AbortController()
  const running = lead({ store: store.of('a'), me: 'a', clock, signal }, async () => {
    throw new Error('broken')
  })
  const failed = t.throwsAsync(running, { message: 'broken' })
  await time.pass(5_000)
  await failed
  t.is(store.holder(), '')
})

test('work that is stuck when its term is lost ends the candidacy, and so the process', async (t) => {
  const time = fakeTime()
  const clock = time.clock()
  const store = memoryStore()
  const { signal } = new AbortController()
  const running = lead({ store: store.of('a'), me: 'a', clock, signal }, () => new Promise(() => {}))
  const failed = t.throwsAsync(running, { message: /does not end/ })
  await time.pass(5_000)
  store.cut.add('a')
  await time.pass(80_000)
  await failed
})
