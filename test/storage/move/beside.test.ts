import test from 'ava'
import { asOne, unsaid } from '../../../storage/homes/beside.ts'
import { decide } from '../../../storage/homes/decide.ts'
import type { Disk } from '../../../storage/homes/facts.ts'
import { decide as decideMove } from '../../../storage/move/decide.ts'
import { type Facts, NO_MEMORY, type SideFact } from '../../../storage/move/facts.ts'
import { countPods } from '../../../storage/move/pods.ts'
import { type Place, SHARED } from '../../../storage/places/facts.ts'
import { homeFact, person, settled, uuidOf } from '../facts.ts'

/** What becomes of homes while two storages are there. */

const ada = person('ada', 1)
const bob = person('bob', 2)
const place = (name: string, more: Partial<Place> = {}): Place => ({
  name,
  version: '1',
  side: 'from',
  ...more,
})
const places = (...of: Place[]) => ({ wish: 'over' as const, of: new Map(of.map((one) => [one.name, one])) })
const disk = (...homes: (typeof ada)[]): Extract<Disk, { state: 'there' }> => ({
  state: 'there',
  homes: new Map(homes.map((one) => [one.entryUUID, homeFact(one)])),
  shared: 'missing',
  folders: new Set<string>(),
  space: { whole: 1e12, free: 5e11, files: 1e6, filesFree: 9e5 },
})

test('of each home that side counts on which it is said to lie', (t) => {
  const seen = { from: disk(ada, bob), here: disk(bob) }
  const one = asOne(seen, places(place(ada.entryUUID), place(bob.entryUUID, { side: 'here' })))
  t.deepEqual(one.state === 'there' ? [...one.homes.keys()].sort() : [], [uuidOf(1), uuidOf(2)])
  const gone = asOne({ from: disk(bob), here: disk() }, places(place(bob.entryUUID, { side: 'here' })))
  t.deepEqual(gone.state === 'there' ? gone.homes.size : -1, 0, 'an old copy is no home')
  const twice = asOne({ from: disk(bob), here: disk(bob) }, places())
  t.like(twice.state === 'there' ? twice.homes.get(bob.entryUUID) : {}, { kind: 'unreadable' })
})

test('where a home lies is said by where it stands; of one that stands twice nothing is said', (t) => {
  const here = { ...disk(bob), shared: 'missing' as const }
  const from = { ...disk(ada), shared: { gid: 20_000, mode: 0o3770 } }
  t.deepEqual(unsaid({ from, here }, [ada, bob, person('new', 3)], places()), [
    { name: uuidOf(1), side: 'from' },
    { name: uuidOf(2), side: 'here' },
    { name: uuidOf(3), side: 'here' },
    { name: SHARED, side: 'from' },
  ])
  t.deepEqual(unsaid({ from: disk(ada), here: disk(ada) }, [ada], { ...places(), wish: 'stay' }), [
    { name: SHARED, side: 'from' },
  ])
  t.deepEqual(
    unsaid({ from, here: { state: 'empty' } }, [ada], places()),
    [],
    'nothing before both are there',
  )
})

test('an empty new storage is begun where the other one has the homes, and never where homes lie on it already', (t) => {
  const empty = { state: 'empty' as const }
  t.is(asOne({ from: disk(ada), here: empty }, places(place(uuidOf(1)))).state, 'empty')
  t.is(asOne({ from: disk(ada), here: empty }, places(place(uuidOf(1), { side: 'here' }))).state, 'failed')
  t.is(asOne({ from: empty, here: disk(ada) }, places()).state, 'failed')
  const begun = decide({ ...settled([ada]), disk: empty, held: new Set(), unsaid: [] }, new Map(), 0, {
    trashAfter: 1,
    folders: [],
  })
  t.true(begun.found)
})

test('nothing is made, judged or thrown away of what the mover holds', (t) => {
  const all = settled([ada])
  const held = { ...all, held: new Set([ada.entryUUID, SHARED]), unsaid: [] }
  const empty: typeof held = { ...held, disk: { ...disk(), shared: 'missing' } }
  const decision = decide(empty, new Map(), 0, { trashAfter: 0, folders: [] })
  t.deepEqual(decision.homes, [])
  t.is(decision.shared, undefined)
  t.deepEqual(
    decision.verdicts.map(({ problem }) => problem?.reason),
    ['Moving'],
  )
  const gone = decide({ ...held, people: [] }, new Map([[ada.entryUUID, -1e9]]), 0, {
    trashAfter: 0,
    folders: [],
  })
  t.deepEqual(gone.departures, [])
})

test('nobody gets a home before it is said where it lies', (t) => {
  const observed = {
    ...settled([ada]),
    disk: disk(),
    held: new Set<string>(),
    unsaid: [{ name: ada.entryUUID, side: 'here' as const }],
  }
  const decision = decide(observed, new Map(), 0, { trashAfter: 1, folders: [] })
  t.deepEqual(decision.homes, [])
  t.deepEqual(decision.said, observed.unsaid)
  t.true(decision.unfinished)
})

test('pods are counted for whom admission proved them; one that does not say whose counts for all', (t) => {
  const pods = [
    { entryUUID: uuidOf(1), claims: ['home-ada', 'shared'] },
    { entryUUID: undefined, claims: ['something'] },
  ]
  t.deepEqual([uuidOf(1), uuidOf(2), SHARED].map(countPods(pods)), [1, 0, 1])
  const unknown = [...pods, { entryUUID: undefined, claims: ['home-x'] }]
  t.deepEqual([uuidOf(1), uuidOf(2), SHARED].map(countPods(unknown)), [2, 1, 1])
})

const side = (home: SideFact['home'], more: Partial<SideFact> = {}): SideFact => ({
  home,
  uid: 1,
  gid: 1,
  staged: false,
  aside: false,
  ...more,
})
const facts = (more: Partial<Facts> = {}): Facts => ({
  place: place(uuidOf(1), { compared: 1 }),
  sides: { from: side('open'), here: side('absent', { staged: true }) },
  wish: 'over',
  pods: 0,
  memory: { ...NO_MEMORY, copied: 0 },
  now: 0,
  ...more,
})
const HELD = place(uuidOf(1), { held: { side: 'from', uid: 1, gid: 1 } })

test('a home is copied, compared, and held only when no pod has it', (t) => {
  t.is(decideMove(facts({ memory: NO_MEMORY })).step, 'copy')
  t.is(decideMove(facts({ place: place(uuidOf(1)) })).step, 'compare')
  t.deepEqual(decideMove(facts({ pods: 1 })), { step: undefined, waits: true })
  t.is(decideMove(facts()).step, 'hold')
  t.is(decideMove(facts({ now: 11 * 60_000 })).step, 'copy', 'not after an old copy')
  t.is(decideMove(facts({ wish: 'stay' })).step, undefined)
})

test('a pod that came while it was taken hold of has it; after it was closed the pod waits a minute at most', (t) => {
  t.is(decideMove(facts({ place: HELD, pods: 1 })).step, 'give-up')
  const closed = { from: side('closed'), here: side('absent', { staged: true }) }
  t.is(decideMove(facts({ place: HELD, pods: 1, sides: closed })).step, 'last-pass')
  const memory = { ...NO_MEMORY, heldSince: 0, waitedSince: 0 }
  t.is(decideMove(facts({ place: HELD, pods: 1, sides: closed, memory, now: 61_000 })).step, 'give-up')
  t.is(decideMove(facts({ place: HELD, sides: closed, memory, now: 61_000 })).step, 'give-up')
  const alone = { ...NO_MEMORY, heldSince: 0 }
  t.is(decideMove(facts({ place: HELD, sides: closed, memory: alone, now: 61_000 })).step, 'last-pass')
  t.is(decideMove(facts({ place: HELD, sides: closed, memory: alone, now: 301_000 })).step, 'give-up')
})

test('what stands where it is to come, or was closed by hand, is left to somebody who looks', (t) => {
  t.is(decideMove(facts({ sides: { from: side('open'), here: side('open') } })).trouble, 'place-taken')
  t.is(decideMove(facts({ sides: { from: side('closed'), here: side('absent') } })).trouble, 'closed-by-hand')
  const switched = place(uuidOf(1), { side: 'here', held: { side: 'from', uid: 1, gid: 1 } })
  t.is(
    decideMove(facts({ place: switched, sides: { from: side('closed'), here: side('absent') } })).trouble,
    'not-found',
  )
})
