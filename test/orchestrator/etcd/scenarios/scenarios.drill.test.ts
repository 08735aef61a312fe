import test from 'ava'
import type { Played } from './play.ts'
import { playSeeds } from './run.ts'

/** A thousand scenarios on real etcd: DESKFLEET_SCENARIOS has another number, DESKFLEET_SCENARIOS_FROM where to begin. */

const FROM = Number(process.env.DESKFLEET_SCENARIOS_FROM ?? 0)
const COUNT = Number(process.env.DESKFLEET_SCENARIOS ?? 1_000)
/** At once, each in a network of its own: most of the time they wait. */
const LANES = 4

test('a thousand scenarios: no majority taken, no write lost, all masters there in the end', async (t) => {
  t.timeout(65 * 60_000)
  const each = Math.ceil(COUNT / LANES)
  const parts = await Promise.all(
    Array.from({ length: LANES }, (_, lane) => {
      const from = FROM + lane * each
      return playSeeds('fresh', from, Math.min(from + each, FROM + COUNT))
    }),
  )
  const played = parts.flat()
  const told = (what: (one: Played) => number): number => played.reduce((all, one) => all + what(one), 0)
  const removals = told(({ story }) => story.filter((line) => /removed/.test(line)).length)
  t.log(`${played.length} scenarios, ${told(({ deeds }) => deeds)} deeds, ${removals} removals`)
  t.is(played.length, COUNT)
  t.deepEqual(
    played.filter(({ faults }) => faults.length > 0),
    [],
  )
})
