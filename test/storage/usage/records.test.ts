import { randomUUID } from 'node:crypto'
import test from 'ava'
import type { UsageRecord } from '../../../cluster/storage-usage.ts'
import { sumsOf, usedBy } from '../../../cluster/usage-sums.ts'
import { roomFindings } from '../../../storage/gluster/agent/room-findings.ts'
import { roomOver } from '../../../storage/homes/room.ts'
import { EVERY, isDue, isIndexDue } from '../../../storage/usage/due.ts'
import { type Measured, writesOf } from '../../../storage/usage/records.ts'
import { setToMeasure } from '../../../storage/usage/who.ts'

/** What was measured, as it is kept and added up; and when, and by whom. */

const NONE = { bytes: 0, files: 0 }
const AT = new Date('2026-11-27T12:00:00Z')
const measured = (set: number, homes: Iterable<[string, number]>): Measured => ({
  set,
  at: AT,
  pc: 'pc-1',
  usage: {
    homes: new Map([...homes].map(([uuid, bytes]) => [uuid, { bytes, files: 1 }])),
    shared: NONE,
    trash: NONE,
    other: NONE,
  },
  unread: 0,
  index: undefined,
})
const after = (before: ReadonlyMap<string, UsageRecord>, now: Measured) =>
  new Map([...before, ...writesOf(now, before)])

test('ten thousand people are kept in objects that the API server takes, and nothing is written without news', (t) => {
  const homes = Array.from({ length: 10_000 }, (): [string, number] => [randomUUID(), 5e9])
  const kept = after(new Map(), measured(1, homes))
  const sizes = [...kept.values()].map((record) => JSON.stringify(record).length)
  t.is(kept.size, 17)
  t.true(Math.max(...sizes) < 100_000, `the largest has ${Math.max(...sizes)} bytes`)
  t.is(writesOf(measured(1, homes), kept).length, 1, 'the summary alone')
  const [first = ['', 0], ...rest] = homes
  t.is(
    writesOf(measured(1, [[first[0], first[1] * 1.01], ...rest]), kept).length,
    1,
    'a hundredth is no news',
  )
  t.is(writesOf(measured(1, [[first[0], first[1] * 1.03], ...rest]), kept).length, 2)
  t.is(writesOf(measured(1, rest), kept).length, 2, 'somebody gone is news')
})

test('what somebody has is added up over the sets, and who has more than the limit is told apart', (t) => {
  const [ada, bob, gone] = [randomUUID(), randomUUID(), randomUUID()]
  const kept = after(
    after(
      new Map(),
      measured(1, [
        [ada, 7e9],
        [bob, 1e9],
      ]),
    ),
    measured(2, [
      [ada, 5e9],
      [gone, 3e9],
    ]),
  )
  const records = [...kept.values()]
  const owners = [
    { slug: 'ada', entryUUID: ada },
    { slug: 'bob', entryUUID: bob },
  ]
  const { people, sets } = sumsOf(records, owners, 10 * 2 ** 30)
  t.deepEqual(
    people.map(({ slug, bytes, over }) => [slug, bytes, over]),
    [
      ['ada', 12e9, true],
      [undefined, 3e9, false],
      ['bob', 1e9, false],
    ],
  )
  t.deepEqual(
    sets.map(({ set, homes }) => [set, homes.bytes]),
    [
      [1, 8e9],
      [2, 8e9],
    ],
  )
  t.is(usedBy(records, ada)?.bytes, 12e9)
  t.is(usedBy(records, randomUUID()), undefined)
  t.true(sumsOf(records, owners, undefined).people.every(({ over }) => !over))
})

const brick = (pc: string, state = 'here', arbiter = false) => ({ pc, state, arbiter })

test('a set is measured on one disk that has everything, and never on an arbiter', (t) => {
  const sets = [
    [brick('pc-1', 'behind'), brick('pc-2'), brick('pc-3')],
    [brick('pc-4', 'missing'), brick('pc-5', 'here', true), brick('pc-6')],
    [brick('pc-7', 'unknown')],
  ]
  t.deepEqual(
    ['pc-1', 'pc-2', 'pc-3', 'pc-5', 'pc-6', 'pc-7', 'pc-9'].map((pc) => setToMeasure(sets, pc)),
    [undefined, 1, undefined, undefined, 2, undefined, undefined],
  )
})

test('it is measured at once after a start, then every few hours, not all at the same time', (t) => {
  t.true(isDue(undefined, 0))
  const ended = (chance: number, how: 'well' | 'failed' = 'well') => ({ at: 0, ended: how, chance })
  t.false(isDue(ended(0.5), EVERY * 0.99))
  t.true(isDue(ended(0.5), EVERY))
  t.true(isDue(ended(0), EVERY * 0.8))
  t.false(isDue(ended(1), EVERY * 1.19))
  t.true(isDue(ended(0.5, 'failed'), EVERY / 12), 'a failed one is tried again sooner')
})

test('files are listed each night, at once where no list is, and by day where a night was missed', (t) => {
  const hour = 3_600_000
  t.true(isIndexDue(undefined, 0, 14))
  t.false(isIndexDue(0, 20 * hour, 14))
  t.true(isIndexDue(0, 20 * hour, 2))
  t.false(isIndexDue(0, 3 * hour, 4), 'once a night')
  t.true(isIndexDue(0, 31 * hour, 14))
})

test('little room is said until there is clearly more', (t) => {
  const set = (left: number) => [{ bytes: 1e12, free: left + 3e10 }]
  const said = roomFindings(set(2.9e10), [])
  t.is(said.length, 1)
  t.is(roomFindings(set(3.1e10), []).length, 0)
  t.is(roomFindings(set(3.1e10), said).length, 1, 'it does not flicker')
  t.is(roomFindings(set(4.6e10), said).length, 0)
  t.regex(roomFindings(set(-2e10), [])[0]?.what ?? '', /cannot save anything/)
  t.is(roomFindings([...set(9e11), ...set(0)], []).length, 1)
})

test('of a directory, room is told when it is news', (t) => {
  const space = (free: number) => ({ whole: 1e12, free, files: 0, filesFree: 0 })
  const first = roomOver(undefined, space(5e11))
  t.like(first, { free: 5e11, tight: false })
  t.is(roomOver(first, space(5.05e11)), undefined)
  t.like(roomOver(first, space(5.2e11)), { free: 5.2e11 })
  const tight = roomOver(first, space(2.9e10))
  t.true(tight?.tight)
  t.true(roomOver(tight, space(4.1e10))?.tight)
  t.false(roomOver(tight, space(4.6e10))?.tight ?? true)
  t.true(roomOver(first, { ...space(5e11), files: 1_000, filesFree: 10 })?.tight, 'files run out as well')
})
