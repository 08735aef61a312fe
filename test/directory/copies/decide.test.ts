import test from 'ava'
import {
  isDue,
  type KeptCopy,
  lastTurn,
  nameOf,
  newest,
  readName,
  superfluous,
  unworthy,
} from '../../../directory/copies/decide.ts'

const at = (text: string): number => Date.parse(text)
const copy = (text: string, people = 12): KeptCopy => ({
  name: nameOf(at(text), people),
  at: at(text),
  people,
})
const NIGHT = { hour: 2, timeZone: 'Europe/Berlin' }

test('a name says when a copy was made and how many people are in it', (t) => {
  const name = nameOf(at('2026-11-26T01:00:07.123Z'), 120)
  t.is(name, 'directory-20261126T010007Z-120-people.age')
  t.deepEqual(readName(name), { name, at: at('2026-11-26T01:00:07Z'), people: 120 })
  for (const other of [
    '',
    '.making-1',
    'directory.age',
    `${name}.old`,
    `x${name}`,
    'directory-20261341T010007Z-1-people.age',
  ])
    t.is(readName(other), undefined, other)
})

test('it is last time for a copy at that hour of the room’s own zone', (t) => {
  const turns: readonly [now: string, timeZone: string, turn: string][] = [
    ['2026-11-26T01:00:00Z', 'Europe/Berlin', '2026-11-26T01:00:00Z'],
    ['2026-11-26T00:59:59Z', 'Europe/Berlin', '2026-11-25T01:00:00Z'],
    ['2026-07-01T12:00:00Z', 'Europe/Berlin', '2026-07-01T00:00:00Z'],
    ['2026-11-26T12:00:00Z', 'Etc/UTC', '2026-11-26T02:00:00Z'],
    // Zones with half hours and quarters.
    ['2026-11-26T12:00:00Z', 'Asia/Kolkata', '2026-11-25T20:30:00Z'],
    ['2026-11-26T12:00:00Z', 'Asia/Kathmandu', '2026-11-25T20:15:00Z'],
    // Clocks put forward over that hour, and put back over it: the first or the second of both is right, once a day.
    ['2026-03-29T12:00:00Z', 'Europe/Berlin', '2026-03-28T01:00:00Z'],
    ['2026-10-25T12:00:00Z', 'Europe/Berlin', '2026-10-25T01:00:00Z'],
  ]
  for (const [now, timeZone, turn] of turns)
    t.is(new Date(lastTurn(at(now), { hour: 2, timeZone })).toISOString(), new Date(turn).toISOString(), now)
})

test('a copy is due once a night; one that was missed is made up; the first is due at once', (t) => {
  t.true(isDue([], at('2026-11-26T15:00:00Z'), NIGHT))
  const last = [copy('2026-11-25T01:00:03Z')]
  t.false(isDue(last, at('2026-11-25T23:00:00Z'), NIGHT))
  t.false(isDue(last, at('2026-11-26T00:59:59Z'), NIGHT))
  t.true(isDue(last, at('2026-11-26T01:00:00Z'), NIGHT))
  // Off at night, on in the morning; off for a month.
  t.true(isDue(last, at('2026-11-26T07:30:00Z'), NIGHT))
  t.true(isDue(last, at('2026-12-24T07:30:00Z'), NIGHT))
  t.false(isDue([...last, copy('2026-11-26T07:30:05Z')], at('2026-11-26T08:00:00Z'), NIGHT))
})

test('a copy that a wrong clock dated far ahead keeps nobody from making the next', (t) => {
  const copies = [copy('2099-01-01T00:00:00Z'), copy('2026-11-25T01:00:03Z')]
  t.true(isDue(copies, at('2026-11-26T01:00:00Z'), NIGHT))
  t.is(newest(copies, at('2026-11-26T01:00:00Z'))?.name, copies[1]?.name)
})

test('of a year of nights, seven days and the four weeks before stay, whenever it is looked at', (t) => {
  let copies: KeptCopy[] = []
  for (let day = 0; day < 365; day++) {
    const now = at('2026-01-01T01:00:05Z') + day * 86_400_000
    copies = [...copies, { name: nameOf(now, 12), at: now, people: 12 }]
    const gone = new Set(superfluous(copies, now))
    copies = copies.filter((one) => !gone.has(one))
    t.true(copies.length <= 11, String(copies.length))
    const ages = copies.map((one) => Math.round((now - one.at) / 86_400_000)).sort((a, b) => a - b)
    t.deepEqual(ages.slice(0, 7), [0, 1, 2, 3, 4, 5, 6].slice(0, Math.min(7, day + 1)))
    if (day > 40) t.true((ages.at(-1) ?? 0) >= 21, `the oldest is ${ages.at(-1)} days old`)
  }
})

test('nothing goes while none is made, and of one day the newest stays', (t) => {
  const copies = ['2026-01-05', '2026-01-06', '2026-02-09'].map((day) => copy(`${day}T01:00:00Z`))
  t.deepEqual(superfluous(copies, at('2026-11-26T00:00:00Z')), [])
  const twice = [copy('2026-01-05T01:00:00Z'), copy('2026-01-05T09:00:00Z')]
  t.deepEqual(superfluous(twice, at('2026-01-05T10:00:00Z')), [twice[0]])
})

test('copies of the future go once there are seven others', (t) => {
  const future = copy('2099-01-01T00:00:00Z')
  const nights = Array.from({ length: 7 }, (_, n) => copy(`2026-11-2${n}T01:00:00Z`))
  const now = at('2026-11-26T02:00:00Z')
  t.deepEqual(superfluous([future, ...nights.slice(1)], now), [])
  t.deepEqual(superfluous([future, ...nights], now), [future])
})

test('an emptied directory is not copied over those of its people', (t) => {
  t.regex(unworthy(0, [copy('2026-11-25T01:00:00Z', 40)]) ?? '', /40 people were/)
  t.is(unworthy(0, []), undefined)
  t.is(unworthy(0, [copy('2026-11-25T01:00:00Z', 0)]), undefined)
  t.is(unworthy(1, [copy('2026-11-25T01:00:00Z', 40)]), undefined)
})
