import test from 'ava'
import fc from 'fast-check'
import {
  type KeptCopy,
  nameOf,
  newestFirst,
  readName,
  superfluous,
} from '../../../orchestrator/backup/decide.ts'

const NOW = Date.parse('2026-11-27T16:00:00Z')
const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000]

const copyAt = (at: number, revision = 7): KeptCopy => ({ name: nameOf(at, revision), at, revision })

test('a name says when a copy was made and of which revision; other files are no copies', (t) => {
  t.is(nameOf(NOW, 918_244), 'etcd-20261127T160000Z-918244.age')
  t.deepEqual(readName('etcd-20261127T160000Z-918244.age'), copyAt(NOW, 918_244))
  for (const odd of [
    'etcd-20261127T160000Z-918244.age.part',
    'etcd-20261327T160000Z-1.age',
    '.making-x',
    'x',
  ])
    t.is(readName(odd), undefined, odd)
})

test('half hours of a day, days of two weeks and weeks of two months stay', (t) => {
  const all = Array.from({ length: 48 * 100 }, (_, at) => copyAt(NOW - at * 30 * MINUTE))
  const gone = new Set(superfluous(all, NOW))
  const left = all.filter((copy) => !gone.has(copy)).map(({ at }) => (NOW - at) / HOUR)
  t.deepEqual(
    left.slice(0, 48),
    Array.from({ length: 48 }, (_, at) => at / 2),
  )
  const older = left.slice(48)
  // The newest of each day is of 23:30; of each week, that of its Sunday.
  t.deepEqual(
    older.slice(0, 12),
    Array.from({ length: 12 }, (_, at) => 16.5 + 24 * (at + 1)),
  )
  t.true(older.slice(12).every((hours) => new Date(NOW - hours * HOUR).getUTCDay() === 0))
  // This week's, last week's and the one's before are among the days.
  t.is(left.length, 48 + 12 + 5)
})

test('while none is made, none goes', (t) => {
  const all = Array.from({ length: 48 }, (_, at) => copyAt(NOW - at * 30 * MINUTE))
  t.deepEqual(superfluous(all, NOW + 400 * DAY), [])
})

test('a copy of the future is never taken for the newest, and goes once there is a day of others', (t) => {
  const future = copyAt(NOW + DAY)
  t.deepEqual(newestFirst([future, copyAt(NOW - DAY), copyAt(NOW - HOUR)], NOW), [
    copyAt(NOW - HOUR),
    copyAt(NOW - DAY),
    future,
  ])
  t.deepEqual(superfluous([future, copyAt(NOW)], NOW), [])
  const day = Array.from({ length: 48 }, (_, at) => copyAt(NOW - at * 30 * MINUTE))
  t.deepEqual(superfluous([...day, future], NOW), [future])
})

test('whatever there is: the newest stays, at most seventy do, and of those none goes', (t) => {
  const copies = fc.uniqueArray(
    fc.integer({ min: 0, max: 5_000 }).map((minutes) => copyAt(NOW - minutes * 13 * MINUTE)),
    { selector: ({ at }) => at, minLength: 1, maxLength: 300 },
  )
  fc.assert(
    fc.property(copies, (all) => {
      const gone = new Set(superfluous(all, NOW))
      const left = all.filter((copy) => !gone.has(copy))
      t.true(left.length <= 70)
      t.deepEqual(newestFirst(left, NOW)[0], newestFirst(all, NOW)[0])
      t.deepEqual(superfluous(left, NOW), [])
    }),
    { numRuns: 200 },
  )
})
