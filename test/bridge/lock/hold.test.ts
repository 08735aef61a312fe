import test from 'ava'
import fc from 'fast-check'
import type { Generation, Rules } from '../../../bridge/lock/decide.ts'
import { CHANCE, countOf, RULES } from '../../../bridge/lock/decide.ts'
import { type Holding, winHome } from '../../../bridge/lock/hold.ts'
import { watchSince } from '../../../bridge/lock/note.ts'
import type { LockStore } from '../../../bridge/lock/store.ts'
import type { LockNote } from '../../../config/home-lock.ts'
import { type FakeTime, fakeTime } from '../../harness/clock.ts'
import { makeHome, type Way } from './simulated-home.ts'

type Home = ReturnType<typeof makeHome>

let chances = 0
const chance = (): number => chances++

/** The second claim of a home, by somebody else. */
const OTHER = 2 * CHANCE + 999
const others = (generation = OTHER) => ({ said: { pod: 'other', generation, heartbeat: 0, free: false } })
/** How often the home was claimed, as the names of its files say it. */
const claims = ({ files }: Home): number[] => [...files.keys()].map(countOf)

/** A pod that wants the home. `running` says whether its session runs, which is what two must never have at once. */
class Pod {
  running = false
  fenced: string | undefined
  holding: Holding | undefined
  readonly dead = new AbortController()
  readonly name: string
  readonly way: Way
  readonly time: FakeTime

  constructor(
    time: FakeTime,
    home: Home,
    name: string,
    way: Way,
    change = (s: LockStore) => s,
    more: { readonly rules?: Rules | undefined; readonly seen?: LockNote | undefined } = {},
  ) {
    this.name = name
    this.way = way
    this.time = time
    const listener = {
      waiting() {},
      failed() {},
      onFenced: (reason: string) => {
        this.running = false
        this.fenced = reason
      },
    }
    const clock = time.clock(name.length * 1_000_000)
    const store = this.mortal(change(home.store(way)))
    const { rules = RULES, seen } = more
    const watch = watchSince(seen, time.now(), clock.now())
    void winHome(store, name, clock, chance, listener, this.dead.signal, { rules, seen: watch }).then(
      (holding) => {
        if (this.dead.signal.aborted || this.fenced) return
        this.holding = holding
        this.running = holding !== undefined
      },
    )
  }

  /** After a kill -9 nothing that this pod had begun goes on, but what is on its way may still arrive. */
  private mortal(store: LockStore): LockStore {
    const unlessDead = async <T>(work: () => Promise<T>): Promise<T> => {
      if (this.dead.signal.aborted) return new Promise(() => {})
      const result = await work()
      return this.dead.signal.aborted ? new Promise(() => {}) : result
    }
    return {
      look: () => unlessDead(() => store.look()),
      lay: (...args) => unlessDead(() => store.lay(...args)),
      take: (...args) => unlessDead(() => store.take(...args)),
      write: (...args) => unlessDead(() => store.write(...args)),
      drop: (...args) => unlessDead(() => store.drop(...args)),
    }
  }

  kill(): void {
    this.running = false
    this.dead.abort()
  }

  async stop(): Promise<void> {
    this.running = false
    // Whose time is over finds that another has the home, and no lock of its own to free.
    await this.holding?.release().catch(() => {})
    this.dead.abort()
  }
}

const quick = (): Way => ({ delay: () => 5, cutUntil: 0 })

test('the first pod of a home has it at once, the second waits, and has it at once after a graceful end', async (t) => {
  const time = fakeTime()
  const home = makeHome(time)
  const one = new Pod(time, home, 'one', quick())
  await time.pass(100)
  t.true(one.running)
  const two = new Pod(time, home, 'two', quick())
  await time.pass(60_000)
  t.true(one.running)
  t.false(two.running)
  void one.stop()
  await time.pass(1_200)
  t.true(two.running)
  t.is(countOf(two.holding?.generation ?? 0), 2)
  t.deepEqual(claims(home), [2], 'there is one file')
})

test('20 s after the last sign of a killed pod the next one has the home, not before', async (t) => {
  const time = fakeTime()
  const home = makeHome(time)
  const one = new Pod(time, home, 'one', quick())
  await time.pass(100)
  const two = new Pod(time, home, 'two', quick())
  await time.pass(10_100)
  one.kill()
  const killed = time.now()
  while (!two.running && time.now() < killed + 60_000) await time.pass(100)
  const took = time.now() - killed
  t.true(took >= RULES.takeOver - RULES.beat - 500 && took <= RULES.takeOver + 2_500, `${took} ms`)
})

test('what the PC saw of a dead pod’s lock before counts, and the home is had so much sooner', async (t) => {
  const time = fakeTime()
  const home = makeHome(time)
  const one = new Pod(time, home, 'one', quick())
  await time.pass(5_100)
  one.kill()
  const seen = noteOf(home, time.now())
  await time.pass(12_000)
  const two = new Pod(time, home, 'two', quick(), undefined, { seen })
  await time.pass(7_000)
  t.false(two.running)
  await time.pass(2_000)
  t.true(two.running)
})

test('whoever lives keeps the home, however long ago their lock was noted', async (t) => {
  const time = fakeTime()
  const home = makeHome(time)
  const one = new Pod(time, home, 'one', quick())
  await time.pass(5_100)
  const seen = noteOf(home, time.now())
  await time.pass(40_000)
  const two = new Pod(time, home, 'two', quick(), undefined, { seen })
  await time.pass(120_000)
  t.true(one.running)
  t.false(two.running)
})

/** What a PC notes of the lock at that moment; undefined while there is none. */
function noteOf({ files }: Home, at: number): LockNote | undefined {
  const generation = Math.max(0, ...files.keys())
  const file = files.get(generation)
  return file && { at, generation, text: JSON.stringify(file.said) }
}

test('a pod that cannot write for 15 s ends its session, also when writes hang', async (t) => {
  const time = fakeTime()
  const home = makeHome(time)
  const one = new Pod(time, home, 'one', quick())
  await time.pass(20_000)
  one.way.cutUntil = time.now() + 120_000
  await time.pass(RULES.giveUp)
  t.false(one.running)
  t.regex(one.fenced ?? '', /no heartbeat/)
})

test('a pod that sees a higher generation ends its session', async (t) => {
  const time = fakeTime()
  const home = makeHome(time)
  const one = new Pod(time, home, 'one', quick())
  await time.pass(1_000)
  home.files.set(OTHER, others())
  await time.pass(RULES.beat)
  t.false(one.running)
  t.is(one.fenced, 'claim 2 has the home now')
})

test('a person who deletes the lock: the pod writes it again, and yields if another took the home meanwhile', async (t) => {
  const time = fakeTime()
  const home = makeHome(time)
  const one = new Pod(time, home, 'one', quick())
  await time.pass(12_000)
  home.files.clear()
  await time.pass(RULES.beat)
  t.true(one.running)
  t.deepEqual(claims(home), [1])
  home.files.clear()
  home.files.set(CHANCE, others(CHANCE))
  await time.pass(RULES.beat)
  t.false(one.running)
})

test('a claim that comes long after its time finds nothing to claim', async (t) => {
  const time = fakeTime()
  const home = makeHome(time)
  const late = Promise.withResolvers<void>()
  const slow = new Pod(time, home, 'slow', quick(), (store) => ({
    ...store,
    take: (...args) => late.promise.then(() => store.take(...args)),
  }))
  await time.pass(1_000)
  home.files.clear()
  home.files.set(OTHER, others())
  late.resolve()
  await time.pass(1_000)
  t.false(slow.running)
  t.deepEqual([...home.files.keys()], [OTHER])
})

test('the text of a pod before, written too late, neither frees the home nor ends its desktop', async (t) => {
  const time = fakeTime()
  const home = makeHome(time)
  const one = new Pod(time, home, 'one', quick())
  await time.pass(1_000)
  const [file] = home.files.values()
  if (file) file.said = { pod: 'before', generation: 1, heartbeat: 9, free: true }
  const two = new Pod(time, home, 'two', quick())
  await time.pass(60_000)
  t.true(one.running)
  t.false(two.running)
  t.is(file?.said.pod, 'one')
})

test('a home whose lock was never laid out, or was removed, gets one', async (t) => {
  const time = fakeTime()
  const home = makeHome(time, false)
  const pods = ['one', 'two', 'three'].map((name) => new Pod(time, home, name, quick()))
  await time.pass(5_000)
  t.is(pods.filter(({ running }) => running).length, 1)
})

test('a new container of the same pod does not wait for itself', async (t) => {
  const time = fakeTime()
  const home = makeHome(time)
  const one = new Pod(time, home, 'same', quick())
  await time.pass(100)
  one.kill()
  const again = new Pod(time, home, 'same', quick())
  await time.pass(100)
  t.true(again.running)
})

/** What happens to whom, and when. */
interface Event {
  readonly at: number
  readonly pod: number
  readonly what: 'kill' | 'stop' | 'cut' | 'start'
  readonly length: number
}

const event: fc.Arbitrary<Event> = fc.record({
  at: fc.integer({ min: 0, max: 120_000 }),
  pod: fc.nat(2),
  what: fc.constantFrom<Event['what']>('kill', 'stop', 'cut', 'start'),
  length: fc.integer({ min: 500, max: 60_000 }),
})

interface Story {
  readonly laidOut: boolean
  readonly events: readonly Event[]
  /** Each pod's delays, in turn. Two of them make an operation: far below what the rules allow for. */
  readonly delays: readonly (readonly number[])[]
}

const story: fc.Arbitrary<Story> = fc.record({
  laidOut: fc.boolean(),
  events: fc.array(event, { maxLength: 10 }),
  delays: fc.array(fc.array(fc.integer({ min: 0, max: 1_500 }), { minLength: 1, maxLength: 7 }), {
    minLength: 3,
    maxLength: 3,
  }),
})

/** Milliseconds between two looks at a story. */
const STEP = 250

/** Plays it and returns the first moment at which two sessions ran, with how many times the home changed hands. */
async function play(
  { events, delays, laidOut }: Story,
  change?: (store: LockStore) => LockStore,
  rules?: Rules,
): Promise<{ both: number | undefined; hands: number }> {
  const time = fakeTime()
  const home = makeHome(time, laidOut)
  let born = 0
  const notes: (LockNote | undefined)[] = []
  /** A pod, and how long before it its PC noted what the lock says. */
  const start = (index: number, noted: number): Pod => {
    const seen = notes.at(-1 - Math.floor(noted / STEP))
    let turn = 0
    const list = delays[index] ?? [0]
    const way = { delay: () => list[turn++ % list.length] ?? 0, cutUntil: 0 }
    return new Pod(time, home, `pod-${index}-${born++}`, way, change, { rules, seen })
  }
  const pods = [start(0, 0), start(1, 0), start(2, 0)]
  let hands = 0
  let last: Pod | undefined
  const alive = new Set<Pod>(pods)
  const script = [...events].sort((a, b) => a.at - b.at)
  for (let at = 0; at < 240_000; at += STEP) {
    for (const { pod: index, what, length } of script.filter((one) => one.at >= at && one.at < at + STEP)) {
      const pod = pods[index]
      if (!pod) continue
      if (what === 'kill') pod.kill()
      else if (what === 'stop') void pod.stop()
      else if (what === 'cut') pod.way.cutUntil = time.now() + length
      else if (pod.dead.signal.aborted || pod.fenced) {
        const next = start(index, length)
        pods[index] = next
        alive.add(next)
      }
    }
    await time.pass(STEP)
    notes.push(noteOf(home, time.now()))
    const running = [...alive].filter((one) => one.running)
    if (running.length > 1) return { both: at, hands }
    if (running[0] && running[0] !== last) {
      last = running[0]
      hands++
    }
  }
  for (const pod of alive) pod.kill()
  return { both: undefined, hands }
}

test('whatever dies, hangs or starts, two sessions never run on one home', async (t) => {
  t.timeout(240_000)
  let hands = 0
  await fc.assert(
    fc.asyncProperty(story, async (one) => {
      const result = await play(one)
      hands += result.hands
      return result.both === undefined
    }),
    { numRuns: 60, endOnFailure: true },
  )
  t.true(hands > 60, `the home changed hands ${hands} times: else this shows nothing`)
})

/** Everybody sees their own claim alone. */
function unlocked(store: LockStore): LockStore {
  let own: Generation[] = [{ generation: 1, pod: '', free: true, text: '' }]
  return {
    ...store,
    look: async () => own,
    async take(_from, generation) {
      own = [{ generation, pod: '', free: false, text: '' }]
      return true
    },
    write: async () => {},
  }
}

/** Everybody may take the file of a generation, also those who come too late, and believes it without looking again. */
function shareable(store: LockStore): LockStore {
  let taken: number | undefined
  return {
    ...store,
    async look() {
      const seen = await store.look()
      const own = seen.filter(({ generation }) => generation === taken)
      taken = undefined
      return own.length > 0 ? own : seen
    },
    async take(from, to) {
      taken = to
      if (!(await store.take(from, to)))
        await store.lay({ pod: '', generation: to, heartbeat: 0, free: false })
      return true
    },
  }
}

/** Each takes one safety away; the same stories must then find two sessions at once. */
const BROKEN: Readonly<Record<string, { change?: (store: LockStore) => LockStore; rules?: Rules }>> = {
  'without a lock': { change: unlocked },
  'when a claim is no claim': {
    change: shareable,
  },
  'when nobody gives up': { rules: { ...RULES, giveUp: 600_000 } },
  'when the lock falls too early': { rules: { ...RULES, takeOver: 4_000 } },
}

for (const [name, { change, rules }] of Object.entries(BROKEN)) {
  test(`${name}, two sessions do run at once`, async (t) => {
    t.timeout(240_000)
    const details = await fc.check(
      fc.asyncProperty(story, async (one) => (await play(one, change, rules)).both === undefined),
      { numRuns: 300, endOnFailure: true, examples: [[SIMULTANEOUS], [CUT]] },
    )
    t.true(details.failed)
  })
}

/** Three pods at the same instant, operations of the same length. */
const SIMULTANEOUS: Story = { laidOut: true, events: [], delays: [[5], [5], [5]] }
/** The one that has the home is cut off; whichever it is, it hangs for a minute. */
const CUT: Story = {
  laidOut: true,
  events: [0, 1, 2].map((pod) => ({ at: 30_000 + pod, pod, what: 'cut', length: pod === 0 ? 60_000 : 500 })),
  delays: [[5], [400], [700]],
}
