import test from 'ava'
import fc from 'fast-check'
import { digestLine, type IdentitySpec } from '../../../config/identity.ts'
import { slugOf } from '../../../config/names.ts'
import type { Person } from '../../../directory/person.ts'
import { type Decision, decide } from '../../../directory/sync/decide.ts'
import type { Observed, Published } from '../../../directory/sync/facts.ts'
import type { Suspicion } from '../../../directory/sync/guard.ts'

const NOW = new Date('2026-11-23T12:00:00Z')
const LATER = new Date('2026-11-23T12:01:00Z')

function person(login: string, uid: number, change: Partial<IdentitySpec> = {}): Person {
  const entryUUID = `00000000-0000-4000-8000-${String(uid).padStart(12, '0')}`
  const groups = [{ name: 'people', gid: 10_000 }]
  const spec = {
    login,
    uid,
    gid: 10_000,
    groups,
    home: `/home/${login}`,
    shell: '/bin/bash',
    entryUUID,
    ...change,
  }
  return { slug: slugOf(login), name: login, dn: `uid=${login}`, spec }
}

const CONFIRMED = {
  type: 'Published',
  status: 'True',
  reason: '',
  message: '',
  observedGeneration: 1,
} as const

/** What the cluster holds after a decision, as a perfect executor leaves it. */
function after(observed: Observed, decision: Decision): Observed {
  const published = new Map<string, Published>(observed.published)
  for (const { slug, spec } of decision.upserts) {
    published.set(slug, { slug, spec, objectUid: slug, generation: 1, condition: undefined })
  }
  for (const { slug } of decision.removals) published.delete(slug)
  for (const slug of decision.confirmations) {
    const one = published.get(slug)
    const status = one?.spec.locked ? 'False' : 'True'
    if (one) published.set(slug, { ...one, condition: { ...CONFIRMED, status } })
  }
  return {
    ...observed,
    published,
    digest: decision.lines ? { lines: decision.lines, version: '2' } : observed.digest,
  }
}

const QUIET: Decision = {
  upserts: [],
  lines: undefined,
  removals: [],
  confirmations: [],
  findings: [],
  suspicion: undefined,
}

const EMPTY: Observed = { people: [], complete: true, published: new Map(), digest: undefined }

function room(people: readonly Person[]): Observed {
  const observed = { ...EMPTY, people }
  return after(observed, decide(observed, undefined, NOW))
}

const many = (count: number): Person[] =>
  Array.from({ length: count }, (_, n) => person(`user${n}`, 10_000 + n))
const reasons = (decision: Decision): string[] => decision.findings.map((one) => one.reason)

test('a first pass publishes everybody', (t) => {
  const ada = person('ada', 10_001)
  const decision = decide({ ...EMPTY, people: [ada] }, undefined, NOW)
  t.deepEqual(decision.upserts, [ada])
  t.deepEqual(decision.lines, { ada: '10001|10000||ada' })
  t.deepEqual(decision.confirmations, ['ada'])
})

test('who is locked keeps the Identity, loses the line, and is told so; unlocked all is as before', (t) => {
  const before = room([person('ada', 10_001), person('bob', 10_002)])
  const people = [person('ada', 10_001, { locked: true }), person('bob', 10_002)]
  const decision = decide({ ...before, people }, undefined, NOW)
  t.deepEqual(decision.upserts, [people[0]])
  t.deepEqual(Object.keys(decision.lines ?? {}), ['bob'])
  t.deepEqual([decision.removals, decision.confirmations], [[], ['ada']])
  const locked = after({ ...before, people }, decision)
  t.deepEqual(decide(locked, undefined, NOW), { ...QUIET, suspicion: undefined })
  const open = decide({ ...locked, people: before.people }, undefined, NOW)
  t.deepEqual(Object.keys(open.lines ?? {}).sort(), ['ada', 'bob'])
  t.deepEqual(open.confirmations, ['ada'])
})

test('however many are locked at once, all are', (t) => {
  const before = room(many(10))
  const people = many(10).map((one) => ({ ...one, spec: { ...one.spec, locked: true as const } }))
  const decision = decide({ ...before, people }, undefined, NOW)
  t.deepEqual(decision.lines, {})
  t.is(decision.upserts.length, 10)
})

test('a new password is news', (t) => {
  const before = room([person('ada', 10_001, { passwordSet: '20261126041500Z' })])
  const people = [person('ada', 10_001, { passwordSet: '20261126041501Z' })]
  t.deepEqual(decide({ ...before, people }, undefined, NOW).upserts, people)
})

test('a first complete pass that is empty is published as empty', (t) => {
  t.deepEqual(decide(EMPTY, undefined, NOW).lines, {})
})

test('a changed group rewrites Identity, line and condition', (t) => {
  const before = room([person('ada', 10_001)])
  const moved = person('ada', 10_001, { groups: [{ name: 'teachers', gid: 10_005 }] })
  const decision = decide({ ...before, people: [moved] }, undefined, NOW)
  t.deepEqual(decision.upserts, [moved])
  t.deepEqual(decision.lines, { ada: '10001|10000|10005|ada' })
  t.deepEqual(decision.confirmations, ['ada'])
})

test('a digest that somebody edited is put right', (t) => {
  const before = room([person('ada', 10_001)])
  for (const lines of [{}, { ada: '0|0||root' }, { ada: '10001|10000||ada', evil: '10001|10000||evil' }]) {
    const decision = decide({ ...before, digest: { lines, version: '9' } }, undefined, NOW)
    t.deepEqual(decision.lines, { ada: '10001|10000||ada' })
    t.deepEqual(decision.upserts, [])
  }
})

test('few may go at once, in any room', (t) => {
  const before = room(many(4))
  const decision = decide({ ...before, people: before.people.slice(0, 1) }, undefined, NOW)
  t.is(decision.removals.length, 3)
})

test('a fifth may go at once, in a large room', (t) => {
  const before = room(many(50))
  t.is(decide({ ...before, people: before.people.slice(10) }, undefined, NOW).removals.length, 10)
  t.is(decide({ ...before, people: before.people.slice(11) }, undefined, NOW).removals.length, 0)
})

test('many who vanish are kept until a second complete pass agrees', (t) => {
  const before = room(many(20))
  const less = { ...before, people: before.people.slice(0, 10) }
  const first = decide(less, undefined, NOW)
  t.deepEqual(first.removals, [])
  t.is(first.lines, undefined)
  t.deepEqual(reasons(first), ['ManyVanished'])
  const byDelta = decide({ ...less, complete: false }, first.suspicion, NOW)
  t.deepEqual(byDelta.removals, [])
  const second = decide(less, byDelta.suspicion, LATER)
  t.is(second.removals.length, 10)
  t.is(Object.keys(second.lines ?? {}).length, 10)
})

test('a second pass in which others vanish does not agree', (t) => {
  const before = room(many(20))
  const first = decide({ ...before, people: before.people.slice(10) }, undefined, NOW)
  const second = decide({ ...before, people: before.people.slice(0, 10) }, first.suspicion, NOW)
  t.deepEqual(second.removals, [])
  t.is(decide({ ...before, people: before.people.slice(0, 10) }, second.suspicion, LATER).removals.length, 10)
})

test('a pass in which all are back clears the suspicion', (t) => {
  const before = room(many(20))
  const none = { ...before, people: [] }
  const back = decide(before, decide(none, undefined, NOW).suspicion, NOW)
  t.is(back.suspicion, undefined)
  t.deepEqual(decide(none, back.suspicion, NOW).removals, [])
})

test('somebody new is published while many are kept', (t) => {
  const before = room(many(20))
  const decision = decide({ ...before, people: [person('new', 20_000)] }, undefined, NOW)
  t.deepEqual(
    decision.upserts.map((one) => one.slug),
    ['new'],
  )
  t.is(Object.keys(decision.lines ?? {}).length, 21)
})

test('a new entry of the same login and number is refused and the old person kept', (t) => {
  const before = room([person('ada', 10_001)])
  const other = person('ada', 10_001, { entryUUID: '11111111-1111-4111-8111-111111111111' })
  const decision = decide({ ...before, people: [other] }, undefined, NOW)
  t.deepEqual(reasons(decision), ['EntryReplaced'])
  t.deepEqual([decision.upserts, decision.lines, decision.removals], [[], undefined, []])
  t.regex(decision.findings[0]?.message ?? '', /kubectl delete identity ada/)
})

test('somebody new under an old login comes after the old person has gone', (t) => {
  const before = room([person('ada', 10_001), person('bob', 10_002)])
  const observed = { ...before, people: [person('ada', 10_007), person('bob', 10_002)] }
  const first = decide(observed, undefined, NOW)
  t.deepEqual(reasons(first), [])
  t.deepEqual(
    [first.removals.map(({ slug }) => slug), first.upserts, Object.keys(first.lines ?? {})],
    [['ada'], [], ['bob']],
  )
  const second = decide(after(observed, first), undefined, NOW)
  t.deepEqual([second.removals, second.upserts.map(({ spec }) => spec.uid)], [[], [10_007]])
})

test('very many who are replaced at once are kept for now', (t) => {
  const logins = ['ada', 'bob', 'cid', 'dan', 'eve']
  const before = room(logins.map((login, n) => person(login, 10_001 + n)))
  const others = logins.map((login, n) => person(login, 10_101 + n))
  const decision = decide({ ...before, people: others }, undefined, NOW)
  t.true(reasons(decision).includes('ManyVanished'))
  t.deepEqual([decision.upserts, decision.lines, decision.removals], [[], undefined, []])
})

test('a changed uid is refused and the old one kept', (t) => {
  const before = room([person('ada', 10_001)])
  const moved = person('ada', 10_002, { entryUUID: person('ada', 10_001).spec.entryUUID })
  const decision = decide({ ...before, people: [moved] }, undefined, NOW)
  t.deepEqual(reasons(decision), ['UidChanged'])
  t.deepEqual([decision.upserts, decision.lines, decision.removals], [[], undefined, []])
})

test('a lock and a new password count also for somebody whose new number is refused', (t) => {
  const ada = person('ada', 10_001, { passwordSet: '20261126041500Z' })
  const before = room([ada])
  const { entryUUID } = ada.spec
  const news = { entryUUID, locked: true as const, passwordSet: '20261126050000Z' }
  const decision = decide({ ...before, people: [person('ada', 10_002, news)] }, undefined, NOW)
  t.deepEqual(reasons(decision), ['UidChanged'])
  t.like(decision.upserts[0]?.spec, { uid: 10_001, locked: true, passwordSet: '20261126050000Z' })
  t.deepEqual(decision.lines, {})
  const open = decide(
    { ...after({ ...before, people: [ada] }, decision), people: [person('ada', 10_002, { entryUUID })] },
    undefined,
    NOW,
  )
  t.deepEqual(open.lines, { ada: '10001|10000||ada' })
})

test('once an administrator removed the Identity, the new entry is published', (t) => {
  const before = room([person('ada', 10_001)])
  const moved = person('ada', 10_002)
  const decision = decide({ ...before, people: [moved], published: new Map() }, undefined, NOW)
  t.deepEqual(decision.lines, { ada: '10002|10000||ada' })
})

test('nobody gets the number of somebody who is kept', (t) => {
  const before = room(many(20))
  const heir = person('heir', 10_000, { entryUUID: '11111111-1111-4111-8111-111111111111' })
  const decision = decide({ ...before, people: [heir] }, undefined, NOW)
  t.true(reasons(decision).includes('StillHeld'))
  t.deepEqual(decision.upserts, [])
})

test('a renamed person moves to the new name in one change of the digest', (t) => {
  const before = room([person('ada', 10_001)])
  const decision = decide({ ...before, people: [person('lovelace', 10_001)] }, undefined, NOW)
  t.deepEqual(decision.lines, { lovelace: '10001|10000||lovelace' })
  t.deepEqual(
    decision.removals.map((one) => one.slug),
    ['ada'],
  )
})

test('a digest over a megabyte changes nothing at all', (t) => {
  const groups = Array.from({ length: 900 }, (_, n) => ({ name: `g${n}`, gid: 20_000 + n }))
  const large = Array.from({ length: 300 }, (_, n) => person(`user${n}`, 10_000 + n, { groups }))
  const decision = decide({ ...EMPTY, people: large }, undefined, NOW)
  t.deepEqual(reasons(decision), ['DigestTooLarge'])
  t.deepEqual(
    [decision.upserts, decision.lines, decision.removals, decision.confirmations],
    [[], undefined, [], []],
  )
})

const somebody = fc
  .record({ n: fc.nat(12), uid: fc.nat(14), entry: fc.nat(14), gid: fc.nat(2) })
  .map(({ n, uid, entry, gid }) =>
    person(`user${n}`, 10_000 + uid, {
      entryUUID: `00000000-0000-4000-8000-${String(entry).padStart(12, '0')}`,
      groups: [{ name: 'g', gid: 20_000 + gid }],
    }),
  )
/** What a roll can be: no two share slug, uid or entry. */
const roll = fc
  .array(somebody, { maxLength: 14 })
  .map((all) => unique(unique(unique(all, 'slug'), 'uid'), 'entryUUID'))
function unique(all: Person[], key: 'slug' | 'uid' | 'entryUUID'): Person[] {
  const of = (one: Person) => (key === 'slug' ? one.slug : one.spec[key])
  return [...new Map(all.map((one) => [of(one), one])).values()]
}

const history = fc.array(fc.record({ people: roll, complete: fc.boolean() }), { minLength: 1, maxLength: 6 })

test('whatever happens, nobody changes uid or entry, no two share a uid, and lines say what Identities say', (t) => {
  fc.assert(
    fc.property(history, (passes) => {
      let state = EMPTY
      let suspicion: Suspicion | undefined
      for (const { people, complete } of passes) {
        const observed = { ...state, people, complete }
        const decision = decide(observed, suspicion, NOW)
        suspicion = decision.suspicion
        const gone =
          state.published.size -
          [...state.published.keys()].filter((slug) => people.some((p) => p.slug === slug)).length
        if (!complete && gone > 3 && gone > state.published.size / 5) t.is(decision.removals.length, 0)
        const next = after(observed, decision)
        const specs = [...next.published.values()].map((one) => one.spec)
        t.is(new Set(specs.map((spec) => spec.uid)).size, specs.length)
        for (const [slug, { spec }] of next.published) {
          const before = state.published.get(slug)?.spec
          if (before) t.deepEqual([spec.uid, spec.entryUUID], [before.uid, before.entryUUID])
        }
        t.deepEqual(
          next.digest?.lines,
          Object.fromEntries([...next.published].map(([slug, one]) => [slug, digestLine(one.spec)])),
        )
        state = next
      }
    }),
  )
})

test('a decision carried out leaves nothing to decide', (t) => {
  fc.assert(
    fc.property(roll, roll, (first, second) => {
      const before = { ...room(first), people: second }
      const one = decide(before, undefined, NOW)
      // Refusals and a guard that holds may take a second complete pass; then all is still.
      const settled = after(before, one)
      const two = decide(settled, one.suspicion, NOW)
      const final = after(settled, two)
      const three = decide(final, two.suspicion, NOW)
      const four = decide(after(final, three), three.suspicion, NOW)
      t.deepEqual([four.upserts, four.lines, four.removals, four.confirmations], [[], undefined, [], []])
    }),
  )
})
