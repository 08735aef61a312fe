import test from 'ava'
import type { Published } from '../../../directory/sync/facts.ts'
import { DOUBT, holdVanished, type Suspicion } from '../../../directory/sync/guard.ts'

const FIRST = new Date('2026-11-23T12:00:00Z')
const SECOND = new Date('2026-11-23T12:01:00Z')

const published = (slug: string): Published => ({
  slug,
  spec: {
    login: slug,
    uid: 10_001,
    gid: 10_000,
    groups: [],
    home: `/home/${slug}`,
    shell: '/bin/bash',
    entryUUID: `entry of ${slug}`,
  },
  objectUid: `uid of ${slug}`,
  generation: 1,
  condition: undefined,
})
const people = (...slugs: string[]): Published[] => slugs.map(published)
const missing = (...slugs: string[]): Suspicion => ({ missing: new Set(slugs), since: FIRST })

test('a second complete pass that misses the same people is believed', (t) => {
  const gone = people('a', 'b', 'c', 'd')
  const guarded = holdVanished(
    { gone, known: 10, complete: true },
    missing('a', 'b', 'c', 'd', 'back'),
    SECOND,
  )
  t.deepEqual(guarded, { hold: false, suspicion: undefined, findings: [] })
})

test('a second pass that agrees on some of the people removes nobody, and begins a new suspicion', (t) => {
  const gone = people('a', 'b', 'c', 'd', 'new')
  const { hold, suspicion, findings } = holdVanished(
    { gone, known: 10, complete: true },
    missing('a', 'b', 'c', 'd'),
    SECOND,
  )
  t.true(hold)
  t.deepEqual(suspicion, { missing: new Set(['a', 'b', 'c', 'd', 'new']), since: SECOND })
  t.deepEqual(
    findings.map(({ reason }) => reason),
    ['ManyVanished'],
  )
})

test('one that comes too soon is not believed, and the doubt goes on from its beginning', (t) => {
  const soon = new Date(FIRST.getTime() + DOUBT - 1)
  const before = missing('a', 'b', 'c', 'd')
  const guarded = holdVanished({ gone: people('a', 'b', 'c', 'd'), known: 10, complete: true }, before, soon)
  t.like(guarded, { hold: true, suspicion: before })
})

test('a pass by delta neither agrees nor forgets', (t) => {
  const before = missing('a', 'b', 'c', 'd')
  const gone = people('a', 'b', 'c', 'd')
  t.like(holdVanished({ gone, known: 10, complete: false }, before, SECOND), {
    hold: true,
    suspicion: before,
  })
  t.like(holdVanished({ gone: [], known: 10, complete: false }, before, SECOND), {
    hold: false,
    suspicion: before,
  })
})

test('a complete pass in which all are back forgets', (t) => {
  t.is(
    holdVanished({ gone: [], known: 10, complete: true }, missing('a', 'b', 'c', 'd'), SECOND).suspicion,
    undefined,
  )
})
