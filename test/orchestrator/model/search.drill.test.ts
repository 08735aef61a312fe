import test from 'ava'
import { room } from './rooms.ts'
import { search } from './search.ts'
import { RULES, SEARCHES, type SearchWish } from './searches.ts'

/** The same as search.test.ts with more accidents, returns and worlds; `DESKFLEET_MODEL_WORLDS` says how many of each. */

const most = Number(process.env.DESKFLEET_MODEL_WORLDS ?? 400_000)

const THREE = { masters: 3, spares: 2, wanted: 3 }
const MORE: Readonly<Record<string, SearchWish>> = {
  'two PCs of five die, and one comes back': { wish: { ...THREE, left: { faults: 2, returns: 1 } } },
  'three PCs die and come back, and things take too long': {
    wish: { ...THREE, left: { faults: 3, returns: 2, delays: 2, failures: 1 } },
  },
  'everything breaks, in whatever way': {
    wish: {
      ...THREE,
      busy: true,
      bricks: true,
      left: { faults: 2, returns: 2, delays: 1, failures: 1, orders: 1 },
    },
    faults: ['off', 'kubelet', 'etcd'],
  },
  'two of five masters die and come back': {
    wish: { masters: 5, spares: 2, wanted: 5, left: { faults: 2, returns: 2 } },
  },
  'a master steps down while others die and come back': {
    wish: { ...THREE, stepDown: 'm0', left: { faults: 2, returns: 1, delays: 1 } },
  },
}

for (const [title, { wish, faults = RULES.faults }] of Object.entries({ ...SEARCHES, ...MORE }))
  test(`nothing goes wrong when ${title}`, (t) => {
    t.timeout(30 * 60_000)
    const { wrong, complete, worlds, steps } = search(room(wish), { ...RULES, faults }, { most })
    t.is(wrong, undefined)
    t.log(`${worlds} worlds, ${steps} steps${complete ? ', all' : ''}`)
  })
