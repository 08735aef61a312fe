import test from 'ava'
import fc from 'fast-check'
import { mayServe, SILENT, STOP, type Two } from '../../../../storage/gluster/plan/alone.ts'

const NOW = 1_000_000
const two = (given: Partial<Two> = {}): Two => ({
  me: 'pc-0',
  heard: NOW,
  answered: NOW,
  alone: 'nobody',
  healed: false,
  ...given,
})
const LATE = NOW - STOP
const SOON = NOW - SILENT

test('who serves', (t) => {
  const cases: readonly (readonly [Partial<Two>, boolean, 'take' | 'give-back' | undefined])[] = [
    [{}, true, undefined],
    [{ answered: LATE }, true, undefined],
    [{ heard: SOON }, true, 'take'],
    [{ heard: LATE }, false, 'take'],
    [{ heard: SOON, answered: SOON }, true, undefined],
    [{ heard: LATE, answered: LATE }, false, undefined],
    [{ heard: LATE, answered: LATE, alone: 'pc-0' }, true, undefined],
    [{ heard: SOON, alone: 'pc-1' }, false, undefined],
    [{ alone: 'pc-1' }, true, undefined],
    [{ heard: SOON, alone: 'unread' }, false, undefined],
    [{ alone: 'pc-0', healed: false }, true, undefined],
    [{ alone: 'pc-0', healed: true }, true, 'give-back'],
  ]
  for (const [given, serve, mark] of cases) {
    const { why, ...said } = mayServe(two(given), NOW)
    t.deepEqual(said, { serve, mark }, `${JSON.stringify(given)}: ${why}`)
  }
})

/** How long a client waits for a silent brick before it writes to the other one alone. */
const PING_TIMEOUT = 5_000
const STEP = 250

/** For how long each of the three lines is up or down. */
const weather = fc.array(
  fc.record({
    between: fc.boolean(),
    first: fc.boolean(),
    second: fc.boolean(),
    on: fc.tuple(fc.boolean(), fc.boolean()),
    steps: fc.integer({ min: 1, max: 60 }),
  }),
  { minLength: 3, maxLength: 25 },
)

interface Agent {
  readonly me: string
  on: boolean
  heard: number
  answered: number
  alone: string
  serves: boolean
}

/** Two agents in that weather. Says whether ever both were written to alone, or one was that lacks something. */
function splits(
  times: typeof weather extends fc.Arbitrary<infer Many> ? Many : never,
  decide = mayServe,
): boolean {
  const agents = ['pc-0', 'pc-1'].map(
    (me): Agent => ({ me, on: true, heard: 0, answered: 0, alone: 'unread', serves: false }),
  ) as [Agent, Agent]
  let mark = 'nobody'
  let now = 0
  let cut = 0
  /** Who wrote alone what the other has not yet. */
  let ahead: string | undefined
  let apart = 0
  for (const time of times)
    for (let at = 0; at < time.steps; at++) {
      now += STEP
      agents.forEach((one, index) => {
        if (one.on && !time.on[index])
          Object.assign(one, { serves: false, alone: 'unread', heard: -STOP, answered: -STOP })
        one.on = time.on[index] ?? true
      })
      const hear = time.between && agents.every(({ on }) => on)
      if (hear) cut = now
      // Bricks that both run catch up with each other after a while.
      if (hear && agents.every(({ serves }) => serves)) {
        if (++apart > 20) ahead = undefined
      } else apart = 0
      agents.forEach((one, index) => {
        if (!one.on) return
        if (hear) one.heard = now
        const reaches = index === 0 ? time.first : time.second
        if (reaches) Object.assign(one, { answered: now, alone: mark })
        const verdict = decide(
          { ...one, healed: hear && reaches && ahead === undefined && apart > 20 } as Two,
          now,
        )
        if (verdict.mark === 'take' && reaches && mark === 'nobody') mark = one.alone = one.me
        if (verdict.mark === 'give-back' && reaches && mark === one.me) mark = one.alone = 'nobody'
        one.serves = verdict.serve
      })
      if (now - cut < PING_TIMEOUT) continue
      const alone = agents.filter(({ serves }) => serves)
      if (alone.length > 1) return true
      const [writer] = alone
      if (writer && ahead !== undefined && ahead !== writer.me) return true
      if (writer) ahead = writer.me
    }
  return false
}

test('two that lose each other never both go on, nor the one that lacks something', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(weather, (times) => !splits(times)),
      { numRuns: 3_000, seed: 16 },
    ),
  )
})

test('without the mark, or with more patience than the clients have, both would', (t) => {
  const careless: Record<string, typeof mayServe> = {
    'whoever reaches the API server goes on': (it, now) =>
      mayServe({ ...it, alone: now - it.answered < SILENT ? it.me : 'nobody' }, now),
    'more patience': (it, now) => ({ ...mayServe(it, now), serve: now - it.heard < 2 * PING_TIMEOUT }),
    'an unknown mark is nobody’s': (it, now) =>
      mayServe({ ...it, alone: it.alone === 'unread' ? it.me : it.alone }, now),
  }
  for (const [name, decide] of Object.entries(careless))
    t.true(
      fc.check(
        fc.property(weather, (times) => !splits(times, decide)),
        { numRuns: 3_000, seed: 16 },
      ).failed,
      name,
    )
})
