import test from 'ava'
import { playScript, playSeeds } from './run.ts'

/** A few of the scenarios of scenarios.drill.test.ts, and the one by which a majority is lost by whoever acts on old news. */

/** pc-1 dies, somebody sees that; before they act pc-1 comes back, and another one dies. */
const OLD_NEWS = [
  [['pc-1', 'loses power']],
  [
    ['pc-1', 'is on again'],
    ['pc-2', 'loses power'],
  ],
] as const

test.serial('what was seen before is looked at again, and then not done', async (t) => {
  t.timeout(120_000)
  const played = await playScript('fresh', OLD_NEWS)
  t.deepEqual(played?.faults, [], JSON.stringify(played))
  t.false(played?.story.some((line) => line.startsWith('pc-1 is removed')))
})

test.serial('who does not look again takes the majority, and the scenarios see it', async (t) => {
  t.timeout(120_000)
  const played = await playScript('stale', OLD_NEWS)
  t.deepEqual(played?.faults, ['turn 4: remove took the majority'], JSON.stringify(played))
})

test.serial(
  'whatever happens to masters, whoever looks and acts takes no majority and loses no write',
  async (t) => {
    t.timeout(150_000)
    const played = await playSeeds('fresh', 0, 100, 30)
    for (const one of played) t.deepEqual(one.faults, [], JSON.stringify(one))
    t.true(played.length > 0)
    const deeds = played.reduce((all, one) => all + one.deeds, 0)
    t.log(`${played.length} scenarios, ${deeds} deeds`)
  },
)
