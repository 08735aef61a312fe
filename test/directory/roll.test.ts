import test from 'ava'
import { slugOf } from '../../config/names.ts'
import { type Group, normalDN } from '../../directory/group.ts'
import type { Account } from '../../directory/person.ts'
import { callRoll } from '../../directory/roll.ts'

let entries = 0
function account(login: string, uid: number, change: Partial<Account> = {}): Account {
  const entryUUID = `00000000-0000-4000-8000-${String(++entries).padStart(12, '0')}`
  const dn = `uid=${login},ou=people,dc=room`
  return {
    dn,
    login,
    name: login,
    uid,
    gid: 10_000,
    shell: '/bin/bash',
    entryUUID,
    locked: false,
    passwordSet: undefined,
    oneTime: false,
    ...change,
  }
}

function group(name: string, gid: number, members: string[], logins: string[] = []): Group {
  const dn = `cn=${name},ou=groups,dc=room`
  return { dn, name, gid, description: '', members: new Set(members.map(normalDN)), logins: new Set(logins) }
}

const logins = (accounts: Account[], groups: Group[] = []) =>
  callRoll(accounts, groups).people.map((person) => person.spec.login)

test('a shared uidNumber is refused to both, by name, and to nobody else', (t) => {
  const { people, findings } = callRoll(
    [account('ada', 10_001), account('bob', 10_001), account('eve', 10_002)],
    [],
  )
  t.deepEqual(
    people.map((person) => person.slug),
    ['eve'],
  )
  t.deepEqual(findings.map((one) => [one.reason, one.subject]).sort(), [
    ['UidShared', 'ada'],
    ['UidShared', 'bob'],
  ])
  t.regex(findings[0]?.message ?? '', /uid=bob/)
})

test('a login that two entries bear is refused to both', (t) => {
  const twin = account('ada', 10_002, { dn: 'uid=ada,ou=guests,ou=people,dc=room' })
  const { people, findings } = callRoll([account('ada', 10_001), twin], [])
  t.deepEqual(people, [])
  t.deepEqual(
    findings.map((one) => one.reason),
    ['LoginShared', 'LoginShared'],
  )
})

test('a locked person is marked, and their number is still theirs', (t) => {
  const { people } = callRoll([account('ada', 10_001, { locked: true }), account('bob', 10_002)], [])
  t.deepEqual(
    people.map(({ spec }) => spec.locked),
    [true, undefined],
  )
  t.deepEqual(logins([account('ada', 10_001, { locked: true }), account('bob', 10_001)]), [])
})

test('logins that are not safe as names get slugs that no other login has', (t) => {
  const names = ['ada', 'ada.l', 'ada-l', 'ada_l', slugOf('ada.l')]
  const { people, findings } = callRoll(
    names.map((name, index) => account(name, 10_001 + index)),
    [],
  )
  t.deepEqual(findings, [])
  t.is(new Set(people.map((person) => person.slug)).size, names.length)
})

test('groups count by member, by memberUid and as primary group, once each and sorted by gid', (t) => {
  const groups = [
    group('teachers', 10_005, ['UID=ada, ou=People,dc=ROOM'], ['ada']),
    group('old', 10_002, [], ['ada']),
    group('people', 10_000, []),
    group('others', 10_003, ['uid=bob,ou=people,dc=room'], ['bob']),
  ]
  t.deepEqual(callRoll([account('ada', 10_001)], groups).people[0]?.spec.groups, [
    { name: 'people', gid: 10_000 },
    { name: 'old', gid: 10_002 },
    { name: 'teachers', gid: 10_005 },
  ])
})

test('home is /home/<login> whatever the directory says', (t) => {
  t.is(callRoll([account('ada', 10_001)], []).people[0]?.spec.home, '/home/ada')
})
