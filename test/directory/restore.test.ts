import test from 'ava'
import type { Manifest } from '../../directory/copy.ts'
import { type LdifEntry, textOf } from '../../directory/ldif.ts'
import { differences, planRestore } from '../../directory/restore.ts'
import { restoringMark } from '../../directory/restoring.ts'

/** What a restore would do, without any server; on real ones it is restore.drill. */

const BASE = 'dc=room,dc=example'
const SUM = 'a'.repeat(64)

type Attributes = Readonly<Record<string, string | readonly string[]>>

const entry = (dn: string, attributes: Attributes): LdifEntry => ({
  dn,
  attributes: new Map(
    Object.entries(attributes).map(([name, values]) => [
      name,
      [values].flat().map((value) => Buffer.from(value)),
    ]),
  ),
})
const person = (uid: string, number: number, more: Attributes = {}): LdifEntry =>
  entry(`uid=${uid},ou=people,${BASE}`, {
    objectClass: ['inetOrgPerson', 'posixAccount'],
    uid,
    uidNumber: String(number),
    entryUUID: `uuid-of-${uid}`,
    userPassword: `{hash}${uid}`,
    ...more,
  })
const group = (cn: string, number: number, ...members: string[]): LdifEntry =>
  entry(`cn=${cn},ou=groups,${BASE}`, {
    objectClass: ['groupOfNames', 'posixGroup'],
    gidNumber: String(number),
    entryUUID: `uuid-of-${cn}`,
    member: [`cn=nobody,${BASE}`, ...members.map((uid) => `uid=${uid},ou=people,${BASE}`)],
  })
const counter = (name: string, next: number): LdifEntry =>
  entry(`cn=${name},ou=policies,${BASE}`, { objectClass: 'device', serialNumber: String(next) })
const policy = (least: string): LdifEntry =>
  entry(`cn=default,ou=policies,${BASE}`, { objectClass: ['device', 'pwdPolicy'], pwdMinLength: least })
const root = (...description: string[]): LdifEntry => entry(BASE, { objectClass: 'domain', description })

const EMPTY = [
  root(),
  counter('next-uid', 10_000),
  counter('next-gid', 10_002),
  group('people', 10_000),
  policy('8'),
]
const FULL = [
  root(),
  counter('next-uid', 10_005),
  counter('next-gid', 10_002),
  group('people', 10_000, 'ada', 'bob'),
  policy('14'),
  person('ada', 10_001, { modifyTimestamp: '20260101000000Z' }),
  person('bob', 10_002),
]

function plan(present: readonly LdifEntry[], { entries = FULL, beside = false, room = BASE } = {}) {
  const manifest = { room, sha256: SUM } as Manifest
  return planRestore({ copy: { manifest, entries }, present, baseDN: BASE, beside })
}
const kinds = (planned: ReturnType<typeof plan>): string[] =>
  'refusal' in planned ? [planned.refusal] : planned.steps.map(({ kind }) => kind)
const ldif = (planned: ReturnType<typeof plan>): string =>
  'refusal' in planned ? planned.refusal : planned.steps.map((step) => step.ldif).join('')

test('into an empty directory: marked, numbers first, people whole, then the policy and who is in which group', (t) => {
  const planned = plan(EMPTY)
  t.deepEqual(kinds(planned), ['mark', 'counter', 'entry', 'entry', 'policy', 'members', 'unmark'])
  t.like(planned, { people: 2 })
  t.regex(
    ldif(planned),
    /delete: serialNumber\nserialNumber: 10000\n-\nadd: serialNumber\nserialNumber: 10005\n/,
  )
  t.regex(ldif(planned), /replace: pwdMinLength\npwdMinLength: 14\n/)
  t.regex(ldif(planned), /entryUUID: uuid-of-ada\n/)
  t.notRegex(ldif(planned), /modifyTimestamp/)
})

test('a directory with people, or of another room, is left alone', (t) => {
  t.regex(kinds(plan([...EMPTY, person('zoe', 10_000)]))[0] ?? '', /1 people are in the directory.*--beside/)
  t.regex(kinds(plan(EMPTY, { room: 'dc=other,dc=example' }))[0] ?? '', /the copy is of dc=other,dc=example/)
  t.deepEqual(kinds(plan(EMPTY, { room: 'DC=room, dc=example' }))[0], 'mark')
})

test('one that was cut short goes on; the restore of another copy must end first', (t) => {
  const [, ...rest] = EMPTY
  const half = [root(restoringMark(SUM)), ...rest, person('ada', 10_001)]
  t.deepEqual(kinds(plan(half)), ['counter', 'entry', 'policy', 'members', 'unmark'])
  const other = [root(restoringMark('b'.repeat(64))), ...rest]
  t.regex(kinds(plan(other))[0] ?? '', /another copy was begun.*bbbbbbbbbbbb/)
})

test('beside people: who is there stays, who is missing is added, the policy is left, no number goes back', (t) => {
  const present = [root(), counter('next-uid', 20_000), ...FULL.slice(2, 5), person('ada', 10_001)]
  const planned = plan(present, { beside: true })
  t.deepEqual(kinds(planned), ['mark', 'entry', 'unmark'])
  t.deepEqual('added' in planned && planned.added.map((one) => textOf(one, 'uid')), ['bob'])
})

test('somebody else of the same name or number is in the way, and nothing at all is planned', (t) => {
  const stranger = person('ada', 10_009, { entryUUID: 'uuid-of-another' })
  t.regex(kinds(plan([...EMPTY, stranger], { beside: true }))[0] ?? '', /uid=ada,\S+ is another one here/)
  const holder = person('zoe', 10_002)
  t.regex(
    kinds(plan([...EMPTY, holder], { beside: true }))[0] ?? '',
    /uid=bob,\S+ has the uidNumber 10002 of uid=zoe,/,
  )
  // Every directory makes this group anew, and so with another entryUUID.
  const people = entry(`cn=people,ou=groups,${BASE}`, {
    objectClass: ['groupOfNames', 'posixGroup'],
    gidNumber: '10000',
    entryUUID: 'uuid-of-its-own',
    member: `cn=nobody,${BASE}`,
  })
  t.deepEqual(kinds(plan([...EMPTY.slice(0, 3), people]))[0], 'mark')
})

test('a counter is beyond every number that somebody has, whatever it says itself', (t) => {
  const entries = [...FULL.filter(({ dn }) => !dn.startsWith('cn=next-uid')), counter('next-uid', 10_001)]
  t.regex(ldif(plan(EMPTY, { entries })), /add: serialNumber\nserialNumber: 10003\n/)
})

test('what is promised is compared: who is missing, and what differs', (t) => {
  t.deepEqual(differences(FULL, FULL), [])
  t.deepEqual(
    differences(
      FULL,
      FULL.filter(({ dn }) => !dn.startsWith('uid=bob')),
    ),
    [`uid=bob,ou=people,${BASE} is not there`],
  )
  const other = FULL.map((one) =>
    one.dn.startsWith('uid=ada') ? person('ada', 10_001, { userPassword: 'x' }) : one,
  )
  t.deepEqual(differences(FULL, other), [`uid=ada,ou=people,${BASE} has another userPassword`])
})
