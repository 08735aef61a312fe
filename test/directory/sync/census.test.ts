import test from 'ava'
import { type Census, followRenames, later, rollOf } from '../../../directory/sync/census.ts'

test('LDAP time is moved across every border', (t) => {
  t.is(later('20260101000003Z', -5), '20251231235958Z')
  t.is(later('20261231235959Z', 1), '20270101000000Z')
  t.is(later('20240229000000.123456Z', 0), '20240229000000Z')
  t.is(later('nonsense', -5), 'nonsense')
})

const ID = 'the entry of ada'
const TEACHERS = 'cn=teachers,ou=groups'

/** A room of one account, and a group with those members. */
function census(login: string, members: readonly string[], more: Partial<Census> = {}): Census {
  const read = <T>(id: string, value: T) => ({ id, stamp: '', modified: '', value })
  const account = {
    ...{ dn: `uid=${login},ou=people`, login, name: login, uid: 10_001, gid: 10_000, shell: '/bin/bash' },
    ...{
      entryUUID: '19366aa2-7b32-1041-9ce0-5b2e02393490',
      locked: false,
      passwordSet: undefined,
      oneTime: false,
    },
  }
  const group = {
    ...{ dn: TEACHERS, name: 'teachers', gid: 10_005, description: '' },
    ...{ members: new Set(members.map((one) => `uid=${one},ou=people`)), logins: new Set<string>() },
  }
  return {
    accounts: new Map([[ID, read(ID, account)]]),
    groups: new Map([[TEACHERS, read(TEACHERS, group)]]),
    formerDNs: new Map(),
    newest: '',
    quiet: 0,
    ...more,
  }
}
const groupsOf = (one: Census) => rollOf(one).people.map(({ spec }) => spec.groups.map(({ name }) => name))

test('who was renamed keeps the groups that list them by the name before', (t) => {
  const renamed = followRenames(census('ada', ['ada']), census('lovelace', ['ada']))
  t.deepEqual(groupsOf(renamed), [['teachers']])
  // And in the passes after, until the group is read with the new name.
  const later = followRenames(renamed, census('lovelace', ['ada']))
  t.deepEqual(groupsOf(later), [['teachers']])
  const mended = followRenames(later, census('lovelace', ['lovelace']))
  t.deepEqual(groupsOf(mended), [['teachers']])
  t.is(mended.formerDNs.size, 0)
})

test('a name that somebody else bears now is theirs', (t) => {
  const renamed = followRenames(census('ada', ['ada']), census('lovelace', ['ada']))
  const other = census('ada', []).accounts.get(ID)
  if (!other) throw new Error('nobody')
  const both = census('lovelace', ['ada'])
  const now = followRenames(renamed, {
    ...both,
    accounts: new Map([
      ...both.accounts,
      ['another', { ...other, id: 'another', value: { ...other.value, uid: 10_002 } as typeof other.value }],
    ]),
  })
  t.is(now.formerDNs.size, 0)
})

test('who was taken out of a group before the rename is not in it after', (t) => {
  t.deepEqual(groupsOf(followRenames(census('ada', []), census('lovelace', []))), [[]])
})
