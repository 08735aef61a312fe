import test from 'ava'
import fc from 'fast-check'
import type { Clock } from '../../lease/clock.ts'
import { judge, sight, type Term } from '../../lease/judge.ts'
import { lead, type TermStore } from '../../lease/lead.ts'

/** Time that passes only when told to: sleepers wake in order, and whoever waits on them runs before it goes on. */
function fakeClock(): Clock & { pass(milliseconds: number): Promise<void> } {
  let now = 0
  const sleepers = new Set<{ at: number; wake: () => void }>()
  return {
    now: () => now,
    wall: () => new Date(now),
    sleep(milliseconds, signal) {
      return new Promise((done) => {
        const sleeper = {
          at: now + Math.max(0, milliseconds),
          wake: () => {
            sleepers.delete(sleeper)
            done()
          },
        }
        if (signal?.aborted) return done()
        sleepers.add(sleeper)
        signal?.addEventListener('abort', sleeper.wake, { once: true })
      })
    },
    async pass(milliseconds) {
      const end = now + milliseconds
      for (;;) {
        await new Promise((done) => setImmediate(done))
        const next = [...sleepers].filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0]
        if (!next) break
        now = Math.max(now, next.at)
        next.wake()
      }
      now = end
      await new Promise((done) => setImmediate(done))
    },
  }
}

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
  const clock = fakeClock()
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
  return { clock, store, acting, overlaps, stop: (me: string) => stops.get(me)?.(), done }
}

test('one leads, the others wait', async (t) => {
  const { clock, acting, overlaps, stop, done } = election(['a', 'b', 'c'])
  await clock.pass(60_000)
  t.deepEqual([acting.size, overlaps], [1, []])
  for (const name of ['a', 'b', 'c']) stop(name)
  await clock.pass(5_000)
  await Promise.all(done)
})

test('who ends gives the term back, and another has it at the next try', async (t) => {
  const { clock, store, acting, stop } = election(['a', 'b'])
  await clock.pass(10_000)
  const [first = ''] = acting
  stop(first)
  await clock.pass(2_500)
  t.is(acting.size, 1)
  t.false(acting.has(first))
  t.not(store.holder(), first)
})

for (const fault of ['cut', 'hang'] as const) {
  test(`a leader whose way to the store is ${fault} stops before another begins`, async (t) => {
    const { clock, store, acting, overlaps } = election(['a', 'b'])
    await clock.pass(10_000)
    const [first = ''] = acting
    store[fault].add(first)
    await clock.pass(12_500)
    t.deepEqual([...acting], [], 'the old one must have stopped, and nobody may have begun')
    await clock.pass(10_000)
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
      const { clock, store, overlaps } = election(names)
      for (const { who, what, wait } of steps) {
        if (what !== 'mend') store[what].add(who)
        else for (const fault of [store.cut, store.hang]) fault.delete(who)
        await clock.pass(wait)
      }
      t.deepEqual(overlaps, [])
    }),
    { numRuns: 60 },
  )
})

test('what the work throws ends the candidacy, and the term is given back', async (t) => {
  const clock = fakeClock()
  const store = memoryStore()
  const { signal } = new AbortController()
  const running = lead({ store: store.of('a'), me: 'a', clock, signal }, async () => {
    throw new Error('broken')
  })
  const failed = t.throwsAsync(running, { message: 'broken' })
  await clock.pass(5_000)
  await failed
  t.is(store.holder(), '')
})
