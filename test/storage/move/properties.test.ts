import test from 'ava'
import fc from 'fast-check'
import { type Breaks, type Chance, Room } from './room.ts'

/** A room in which anything happens at any time: nothing is lost, and never are there two places. */

const RUNS = 3_000
const STEPS = 80

async function play(numbers: readonly number[], breaks: Breaks = {}): Promise<Room> {
  let at = 0
  let calm = false
  const next = (): number => numbers[at++ % numbers.length] ?? 0
  const chance: Chance = {
    trouble: () => (calm ? 'none' : (['before', 'after'] as const)[next() % 12]) ?? 'none',
    below: (most) => next() % most,
  }
  const room = new Room(chance, breaks)
  for (let step = 0; step < STEPS; step++) {
    const what = next() % 20
    const pc = next() % 2
    if (what < 5) await room.look(pc)
    else if (what < 10) {
      await room.look(pc)
      await room.act(pc)
    } else if (what < 12) await room.act(pc)
    else if (what === 12) room.startPod(pc)
    else if (what === 13) room.endPod(pc, next() % 3 === 0)
    else if (what === 14) {
      room.mounterReads(pc)
      if (next() % 2 === 0) room.mounterActs(pc)
    } else if (what === 15) room.mounterActs(pc)
    else if (what < 18) room.write(pc, step)
    else if (what === 18) room.pass((next() % 100) * 1_000)
    else if (next() % 4 === 0) room.wish = room.wish === 'over' ? 'back' : 'over'
    room.check()
  }
  calm = true
  return room
}

const numbers = fc.array(fc.nat(9_999), { minLength: 150, maxLength: 500, size: 'max' })

test('killed, answers lost, two movers, desktops at any time, changed back: nothing is lost, and it comes to rest', async (t) => {
  t.timeout(120_000)
  let [moved, held] = [0, 0]
  await fc.assert(
    fc.asyncProperty(numbers, async (given) => {
      const room = await play(given)
      if (room.place?.side === 'here') moved++
      if (room.place?.held) held++
      if (!(await room.settle())) throw new Error(`it does not come to rest: ${JSON.stringify(room.place)}`)
      room.check()
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  )
  t.log(`${moved} of ${RUNS} had been moved when everybody went home, ${held} were held`)
  t.true(moved > 50 && held > 50, 'what is tried is what happens')
})

test('mounters that know of no records lose nothing either: what is closed is closed for all', async (t) => {
  t.timeout(120_000)
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(numbers, async (given) => {
        const room = await play(given, { blind: true })
        room.check()
      }),
      { numRuns: RUNS / 3 },
    ),
  )
})
