import test from 'ava'
import { room } from './rooms.ts'
import { search } from './search.ts'
import { RULES, SEARCHES } from './searches.ts'

/**
 * All orders in which two runs, crashes, accidents and returns can come, within bounds: `whole` searches have looked at every
 * world that can come to be, and also show that each that should be able to heal can. The others look at the nearest ones;
 * `npm run drill` goes further.
 */

/** Worlds that a search which is not whole looks at. */
const NEAREST = 12_000

for (const [title, { wish, faults = RULES.faults, whole = false }] of Object.entries(SEARCHES))
  test(`nothing goes wrong when ${title}`, (t) => {
    const most = whole ? 60_000 : NEAREST
    const { wrong, complete, worlds, steps } = search(room(wish), { ...RULES, faults }, { most })
    t.is(wrong, undefined)
    t.is(complete || !whole, true, 'it did not get through')
    t.log(`${worlds} worlds, ${steps} steps${complete ? ', all' : ''}`)
  })
