import test from 'ava'
import { decide } from '../../../certificates/secrets/decide.ts'
import type { Observed } from '../../../certificates/secrets/facts.ts'

const WHOLE: Required<Observed> = {
  adminPassword: { password: 'one' },
  replicaPassword: { password: 'three' },
  readerPassword: { password: 'two' },
  readerPasswordCopy: { password: 'two' },
  sessionKeys: {},
  endedSessions: {},
  failedLogins: {},
  lockedPeople: {},
}

const without = (key: keyof Observed): Observed => {
  const { [key]: _, ...rest } = WHOLE
  return rest
}

const kinds = (observed: Observed) => decide(observed).create.map((one) => `${one.kind} ${one.wanted}`)

const faultNames = (observed: Observed) =>
  decide(observed).faults.map(({ place, rule }) => `${place.name}: ${rule}`)

test('nothing there: passwords, and what others fill', (t) => {
  t.deepEqual(kinds({}), [
    'password adminPassword',
    'password replicaPassword',
    'password readerPassword',
    'empty sessionKeys',
    'empty endedSessions',
    'empty failedLogins',
    'empty lockedPeople',
  ])
})

test('all there, filled or not: nothing is made and nothing is wrong', (t) => {
  t.deepEqual(decide(WHOLE), { create: [], faults: [] })
  const filled = {
    ...WHOLE,
    sessionKeys: { k1: 'x' },
    endedSessions: { 's.1': '2' },
    lockedPeople: { ada: 'x' },
  }
  t.deepEqual(decide(filled), { create: [], faults: [] })
})

test('each that is absent is made, and nothing else', (t) => {
  t.deepEqual(kinds(without('adminPassword')), ['password adminPassword'])
  t.deepEqual(kinds(without('replicaPassword')), ['password replicaPassword'])
  t.deepEqual(kinds(without('readerPasswordCopy')), ['copy readerPasswordCopy'])
  t.deepEqual(kinds(without('sessionKeys')), ['empty sessionKeys'])
  t.deepEqual(kinds(without('endedSessions')), ['empty endedSessions'])
  t.deepEqual(kinds(without('failedLogins')), ['empty failedLogins'])
  t.deepEqual(kinds(without('lockedPeople')), ['empty lockedPeople'])
})

test('a source that is gone comes back from its copy, since slapd knows that password', (t) => {
  const { create } = decide(without('readerPassword'))
  t.deepEqual(create, [{ kind: 'copy', wanted: 'readerPassword', data: { password: 'two' } }])
})

test('what exists is never made anew, whatever is wrong with it: the fault says where and how to mend', (t) => {
  const wrong: [Observed, string][] = [
    [
      { ...WHOLE, readerPasswordCopy: { password: 'three' } },
      'ldap-reader: it differs from deskfleet-directory/ldap-reader',
    ],
    [{ ...WHOLE, adminPassword: { password: '' } }, 'ldap-admin: it holds no password'],
    [{ ...WHOLE, adminPassword: { pass: 'one' } }, 'ldap-admin: it holds no password'],
  ]
  for (const [observed, expected] of wrong) {
    t.deepEqual(faultNames(observed), [expected])
    t.deepEqual(kinds(observed), [])
    for (const { mend } of decide(observed).faults)
      t.regex(mend, /^remove it with `kubectl -n \S+ delete secret /)
  }
})

test('no value of a secret is in a fault', (t) => {
  const said = JSON.stringify(decide({ ...WHOLE, readerPasswordCopy: { password: 'hunter2' } }).faults)
  t.false(said.includes('hunter2'))
  t.false(said.includes('two'))
})
