import test from 'ava'
import fc from 'fast-check'
import type { Rules, Term } from '../../../bridge/lock/decide.ts'
import { RULES } from '../../../bridge/lock/decide.ts'
import { type Holding, winHome } from '../../../bridge/lock/hold.ts'
import type { LockStore } from '../../../bridge/lock/store.ts'
import { makeHome, makeWorld, type Way, type World } from './simulated-home.ts'

type Home = ReturnType<typeof makeHome>

/** A pod that wants the home. `running` says whether its session runs, which is what two must never have at once. */
class Pod {
  running = false
  fenced: string | undefined
  holding: Holding | undefined
  readonly dead = new AbortController()
  readonly name: string
  readonly way: Way
  readonly world: World

  constructor(world: World, home: Home, name: string, way: Way, change = (s: LockStore) => s, rules?: Rules) {
    this.name = name
    this.way = way
    this.world = world
    const listener = {
      waiting() {},
      failed() {},
      onFenced: (reason: string) => {
        this.running = false
        this.fenced = reason
      },
    }
    const clock = world.clock(name.length * 1_000_000)
    void winHome(this.mortal(change(home.store(way))), name, clock, listener, this.dead.signal, rules).then(
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
      claim: (...args) => unlessDead(() => store.claim(...args)),
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
    await this.holding?.release()
    this.dead.abort()
  }
}

const quick = (): Way => ({ delay: () => 5, cutUntil: 0 })

test('the first pod of a home has it at once, the second waits, and has it at once after a graceful end', async (t) => {
  const world = makeWorld()
  const home = makeHome(world)
  const one = new Pod(world, home, 'one', quick())
  await world.pass(100)
  t.true(one.running)
  const two = new Pod(world, home, 'two', quick())
  await world.pass(60_000)
  t.true(one.running)
  t.false(two.running)
  void one.stop()
  await world.pass(1_200)
  t.true(two.running)
  t.is(two.holding?.generation, 2)
  t.deepEqual([...home.entries.keys()], [2], 'old generations are cleared away')
})

test('20 s after the last sign of a killed pod the next one has the home, not before', async (t) => {
  const world = makeWorld()
  const home = makeHome(world)
  const one = new Pod(world, home, 'one', quick())
  await world.pass(100)
  const two = new Pod(world, home, 'two', quick())
  await world.pass(10_100)
  one.kill()
  const killed = world.now()
  while (!two.running && world.now() < killed + 60_000) await world.pass(100)
  const took = world.now() - killed
  t.true(took >= RULES.takeOver - RULES.beat - 500 && took <= RULES.takeOver + 2_500, `${took} ms`)
})

test('a pod that cannot write for 15 s ends its session, also when writes hang', async (t) => {
  const world = makeWorld()
  const home = makeHome(world)
  const one = new Pod(world, home, 'one', quick())
  await world.pass(20_000)
  one.way.cutUntil = world.now() + 120_000
  await world.pass(RULES.giveUp)
  t.false(one.running)
  t.regex(one.fenced ?? '', /no heartbeat/)
})

test('a pod that sees a higher generation ends its session', async (t) => {
  const world = makeWorld()
  const home = makeHome(world)
  const one = new Pod(world, home, 'one', quick())
  await world.pass(1_000)
  home.entries.set(9, { pod: 'other', heartbeat: 0, free: false })
  await world.pass(RULES.beat)
  t.false(one.running)
  t.is(one.fenced, 'generation 9 has the home now')
})

test('a person who deletes the lock: the pod writes it again, and yields if another took the home meanwhile', async (t) => {
  const world = makeWorld()
  const home = makeHome(world)
  const one = new Pod(world, home, 'one', quick())
  await world.pass(12_000)
  home.entries.clear()
  await world.pass(RULES.beat)
  t.true(one.running)
  t.deepEqual([...home.entries.keys()], [1])
  home.entries.clear()
  home.entries.set(1, { pod: 'other', heartbeat: 0, free: false })
  await world.pass(RULES.beat)
  t.false(one.running)
})

test('a claim that comes long after its time is taken back', async (t) => {
  const world = makeWorld()
  const home = makeHome(world)
  home.entries.set(1, { pod: 'dead', heartbeat: 3, free: false })
  const late = Promise.withResolvers<void>()
  const slow = new Pod(world, home, 'slow', quick(), (store) => ({
    ...store,
    claim: (...args) => late.promise.then(() => store.claim(...args)),
  }))
  await world.pass(30_000)
  // Meanwhile generation 2 came and went, and 3 has the home.
  home.entries.clear()
  home.entries.set(3, { pod: 'other', heartbeat: 9, free: false })
  late.resolve()
  await world.pass(1_000)
  t.false(slow.running)
  t.deepEqual([...home.entries.keys()], [3])
})

test('a new container of the same pod does not wait for itself', async (t) => {
  const world = makeWorld()
  const home = makeHome(world)
  const one = new Pod(world, home, 'same', quick())
  await world.pass(100)
  one.kill()
  const again = new Pod(world, home, 'same', quick())
  await world.pass(100)
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
  readonly events: readonly Event[]
  /** Each pod's delays, in turn. Two of them make an operation: far below what the rules allow for. */
  readonly delays: readonly (readonly number[])[]
}

const story: fc.Arbitrary<Story> = fc.record({
  events: fc.array(event, { maxLength: 10 }),
  delays: fc.array(fc.array(fc.integer({ min: 0, max: 1_500 }), { minLength: 1, maxLength: 7 }), {
    minLength: 3,
    maxLength: 3,
  }),
})

/** Plays it and returns the first moment at which two sessions ran, with how many times the home changed hands. */
async function play(
  { events, delays }: Story,
  change?: (store: LockStore) => LockStore,
  rules?: Rules,
): Promise<{ both: number | undefined; hands: number }> {
  const world = makeWorld()
  const home = makeHome(world)
  let born = 0
  const start = (index: number): Pod => {
    let turn = 0
    const list = delays[index] ?? [0]
    const way = { delay: () => list[turn++ % list.length] ?? 0, cutUntil: 0 }
    return new Pod(world, home, `pod-${index}-${born++}`, way, change, rules)
  }
  const pods = [start(0), start(1), start(2)]
  let hands = 0
  let last: Pod | undefined
  const alive = new Set<Pod>(pods)
  const script = [...events].sort((a, b) => a.at - b.at)
  for (let at = 0; at < 240_000; at += 250) {
    for (const { pod: index, what, length } of script.filter((one) => one.at >= at && one.at < at + 250)) {
      const pod = pods[index]
      if (!pod) continue
      if (what === 'kill') pod.kill()
      else if (what === 'stop') void pod.stop()
      else if (what === 'cut') pod.way.cutUntil = world.now() + length
      else if (pod.dead.signal.aborted || pod.fenced) {
        const next = start(index)
        pods[index] = next
        alive.add(next)
      }
    }
    await world.pass(250)
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
  let own: Term[] = []
  return {
    ...store,
    look: async () => own,
    async claim(generation, pod) {
      own = [{ generation, pod, free: false, text: '' }]
      return true
    },
  }
}

/** Each takes one safety away; the same stories must then find two sessions at once. */
const BROKEN: Readonly<Record<string, { change?: (store: LockStore) => LockStore; rules?: Rules }>> = {
  'without a lock': { change: unlocked },
  'when a claim is no claim': {
    change: (store) => ({ ...store, claim: (...args) => store.write(...args, 0, false).then(() => true) }),
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
const SIMULTANEOUS: Story = { events: [], delays: [[5], [5], [5]] }
/** The one that has the home is cut off; whichever it is, it hangs for a minute. */
const CUT: Story = {
  events: [0, 1, 2].map((pod) => ({ at: 30_000 + pod, pod, what: 'cut', length: pod === 0 ? 60_000 : 500 })),
  delays: [[5], [400], [700]],
}
