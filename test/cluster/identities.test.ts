import test from 'ava'
import { homeState, isPublished, isReadable, readIdentity } from '../../cluster/identities.ts'

const SPEC = {
  login: 'ada',
  uid: 10_001,
  gid: 10_000,
  groups: [{ name: 'people', gid: 20_000 }],
  home: '/home/ada',
  shell: '/bin/bash',
  entryUUID: '00000000-0000-4000-8000-000000000001',
}
const METADATA = { name: 'ada', uid: 'object-1', generation: 3 }
const condition = (type: string, status: string) => ({
  type,
  status,
  reason: 'R',
  message: '',
  observedGeneration: 3,
})

test('an Identity is read with its object, its generation and its conditions', (t) => {
  const conditions = [condition('Published', 'True'), condition('HomeReady', 'False')]
  const read = readIdentity({ metadata: METADATA, spec: SPEC, status: { conditions } })
  if (!isReadable(read)) return t.fail(read.faults.join())
  t.like(read, { metadata: { name: 'ada' }, spec: SPEC, objectUid: 'object-1', generation: 3 })
  t.true(isPublished(read))
  t.is(homeState(read), 'missing')
})

test('a new Identity has no conditions: nobody calls it published, and of its home nothing is known', (t) => {
  const read = readIdentity({ metadata: METADATA, spec: SPEC })
  if (!isReadable(read)) return t.fail(read.faults.join())
  t.false(isPublished(read))
  t.is(homeState(read), 'unknown')
  t.is(homeState({ conditions: [{ ...condition('HomeReady', 'True'), status: 'True' }] }), 'ready')
})

for (const [what, change] of [
  ['a uid of the system', { uid: 999 }],
  ['root’s uid', { uid: 0 }],
  ['a uid that is no whole number', { uid: 10_001.5 }],
  ['a primary group of the system', { gid: 0 }],
  ['a group as good as root', { groups: [{ name: 'disk', gid: 6 }] }],
  ['a login that steps aside', { login: '../root' }],
  ['a login that is a directory’s own name', { login: '..' }],
  ['a shell without a path', { shell: 'bash' }],
  ['no entryUUID', { entryUUID: '' }],
] as const)
  test(`an Identity with ${what} is nobody, and is named with what is wrong`, (t) => {
    const read = readIdentity({ metadata: METADATA, spec: { ...SPEC, ...change } })
    if (isReadable(read)) return t.fail('was read')
    t.is(read.name, 'ada')
    t.regex(read.faults[0] ?? '', new RegExp(`^spec\\.${Object.keys(change)[0]}`))
  })

test('what is no Identity at all is nobody', (t) => {
  for (const raw of [undefined, null, 7, {}, { metadata: { name: 'Not A Slug' }, spec: SPEC }])
    t.false(isReadable(readIdentity(raw)))
})
