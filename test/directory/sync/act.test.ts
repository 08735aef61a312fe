import test from 'ava'
import type { Person } from '../../../directory/person.ts'
import { act } from '../../../directory/sync/act.ts'
import type { Decision } from '../../../directory/sync/decide.ts'
import type { Digest, Observed, Published } from '../../../directory/sync/facts.ts'
import type { Store } from '../../../directory/sync/store.ts'
import { fakeTime } from '../../harness/clock.ts'

const person = (slug: string): Person => ({
  slug,
  name: slug,
  dn: `uid=${slug}`,
  spec: {
    login: slug,
    uid: 10_001,
    gid: 10_000,
    groups: [],
    home: `/home/${slug}`,
    shell: '/bin/bash',
    entryUUID: `entry of ${slug}`,
  },
})
const published = (slug: string): Published => ({
  slug,
  spec: person(slug).spec,
  objectUid: `uid of ${slug}`,
  generation: 1,
  condition: undefined,
})

const NOTHING: Decision = {
  upserts: [],
  lines: undefined,
  removals: [],
  confirmations: [],
  findings: [],
  suspicion: undefined,
}
const observed = (lines: Record<string, string>, ...there: string[]): Observed => ({
  people: [],
  complete: true,
  published: new Map(there.map((slug) => [slug, published(slug)])),
  digest: { lines, version: '1' },
})

/** Writes down what was asked of it, and fails where it is told to: `upsert ada`. */
function recordingStore(...broken: string[]) {
  const done: string[] = []
  let digest: Digest | undefined
  const did = (what: string): void => {
    if (broken.includes(what)) throw new Error(`no answer to ${what}`)
    done.push(what)
  }
  const store: Store = {
    list: async () => new Map(),
    readDigest: async () => digest,
    upsert: async ({ slug }) => {
      did(`upsert ${slug}`)
      return published(slug)
    },
    writeDigest: async (lines, over) => {
      did(`digest over ${over}`)
      digest = { lines, version: '2' }
      return digest
    },
    remove: async ({ slug }) => did(`remove ${slug}`),
    tellChecked: async () => did('told'),
    confirm: async (one) => {
      did(`confirm ${one.slug}`)
      return one
    },
  }
  return { store, done, lines: () => digest?.lines }
}

const clock = fakeTime().clock()
const { signal } = new AbortController()

test('Identities come first, then the digest, then removals, then conditions', async (t) => {
  const { store, done } = recordingStore()
  const decision: Decision = {
    ...NOTHING,
    upserts: [person('ada')],
    lines: { ada: 'line of ada' },
    removals: [published('bob')],
    confirmations: ['ada'],
  }
  const acted = await act(decision, observed({ bob: 'line of bob' }, 'bob'), store, clock, signal)
  t.deepEqual(done, ['upsert ada', 'digest over 1', 'remove bob', 'confirm ada'])
  t.deepEqual([...acted.published.keys()], ['ada'])
  t.deepEqual([acted.digest?.version, acted.failures], ['2', []])
})

test('somebody new whose Identity could not be written gets no line, and no condition', async (t) => {
  const { store, done, lines } = recordingStore('upsert ada')
  const decision: Decision = {
    ...NOTHING,
    upserts: [person('ada'), person('bob')],
    lines: { ada: 'line of ada', bob: 'line of bob' },
    confirmations: ['ada', 'bob'],
  }
  const { published: there, failures } = await act(decision, observed({}), store, clock, signal)
  t.deepEqual(lines(), { bob: 'line of bob' })
  t.deepEqual(done, ['upsert bob', 'digest over 1', 'confirm bob'])
  t.false(there.has('ada'))
  t.deepEqual(
    failures.map(({ message }) => /ada/.test(message)),
    [true],
  )
})

test('somebody known whose Identity could not be written keeps the line that they had', async (t) => {
  const { store, lines } = recordingStore('upsert ada')
  const decision: Decision = { ...NOTHING, upserts: [person('ada')], lines: { ada: 'new', bob: 'bob' } }
  await act(decision, observed({ ada: 'old', bob: 'bob' }, 'ada', 'bob'), store, clock, signal)
  t.deepEqual(lines(), { ada: 'old', bob: 'bob' })
})

test('a digest that could not be written removes nobody and confirms nobody', async (t) => {
  const { store, done } = recordingStore('digest over 1')
  const decision: Decision = { ...NOTHING, lines: {}, removals: [published('bob')], confirmations: ['ada'] }
  const acted = await act(decision, observed({ bob: 'line' }, 'bob', 'ada'), store, clock, signal)
  t.deepEqual(done, [])
  t.true(acted.published.has('bob'))
  t.deepEqual([acted.digest?.version, acted.failures.length], ['1', 1])
})

test('somebody whose removal failed still counts as there', async (t) => {
  const { store } = recordingStore('remove bob')
  const decision: Decision = { ...NOTHING, removals: [published('bob'), published('dan')] }
  const acted = await act(decision, observed({}, 'bob', 'dan'), store, clock, signal)
  t.deepEqual([...acted.published.keys()], ['bob'])
})

test('once another may lead, nothing more is written', async (t) => {
  const { store, done } = recordingStore()
  const decision: Decision = {
    ...NOTHING,
    upserts: [person('ada')],
    lines: {},
    removals: [published('bob')],
    confirmations: ['ada'],
  }
  await act(decision, observed({}, 'bob'), store, clock, AbortSignal.abort())
  t.deepEqual(done, [])
})
