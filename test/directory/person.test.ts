import test from 'ava'
import fc from 'fast-check'
import { normalDN, readGroup } from '../../directory/group.ts'
import { readAccount } from '../../directory/person.ts'

const ADA = {
  dn: 'uid=ada,ou=people,dc=room',
  uid: 'ada',
  cn: 'Ada Lovelace',
  uidNumber: '10001',
  gidNumber: '10000',
  loginShell: '/bin/zsh',
  entryUUID: '19366aa2-7b32-1041-9ce0-5b2e02393490',
  pwdAccountLockedTime: [],
}

test('DNs that LDAP takes for the same compare as the same', (t) => {
  const plain = 'uid=ada lovelace,ou=people,dc=room'
  for (const dn of ['UID=Ada  Lovelace, OU=people ,dc=Room', ' uid = ada lovelace,ou=people,dc=room '])
    t.is(normalDN(dn), plain)
})

for (const [uid, gid] of [
  ['65534', '10000'],
  ['65535', '10000'],
  ['10001', '65534'],
]) {
  test(`a number that means something to the kernel is refused: ${uid}, ${gid}`, (t) => {
    t.like(readAccount({ ...ADA, uidNumber: uid, gidNumber: gid }), { reason: 'NumberOutOfRange' })
  })
}

test('a posixAccount becomes an account', (t) => {
  t.deepEqual(readAccount(ADA), {
    dn: ADA.dn,
    login: 'ada',
    name: 'Ada Lovelace',
    uid: 10001,
    gid: 10000,
    shell: '/bin/zsh',
    entryUUID: ADA.entryUUID,
    locked: false,
    passwordSet: undefined,
    oneTime: false,
  })
})

const refusals: readonly [string, Record<string, unknown>, string][] = [
  ['no uidNumber', { uidNumber: [] }, 'EntryUnreadable'],
  ['two uidNumbers', { uidNumber: ['10001', '10002'] }, 'EntryUnreadable'],
  ['a uidNumber that is no number', { uidNumber: '10001; rm' }, 'EntryUnreadable'],
  ['two logins', { uid: ['ada', 'lady'] }, 'EntryUnreadable'],
  ['bytes for a login', { uid: Buffer.from([255]) }, 'EntryUnreadable'],
  ['no entryUUID', { entryUUID: undefined }, 'EntryUnreadable'],
  ['root', { uidNumber: '0' }, 'NumberOutOfRange'],
  ['a system uid', { uidNumber: '9999' }, 'NumberOutOfRange'],
  ['a uid that no kernel takes', { uidNumber: '2147483647' }, 'NumberOutOfRange'],
  ['a primary group of the system', { gidNumber: '27' }, 'NumberOutOfRange'],
  ['a login with a colon', { uid: 'ada:0' }, 'LoginUnfit'],
  ['a login with capitals', { uid: 'Ada' }, 'LoginUnfit'],
  ['a login with a line break', { uid: 'ada\nroot' }, 'LoginUnfit'],
]
for (const [what, change, reason] of refusals) {
  test(`an account with ${what} is refused by name`, (t) => {
    const found = readAccount({ ...ADA, ...change })
    t.like(found, { reason })
    t.regex('message' in found ? found.message : '', /ada/i)
  })
}

test('a shell that is no plain absolute path becomes bash', (t) => {
  for (const loginShell of ['bash', '/bin/ba sh', '/bin/sh\n', '', [], `/${'a'.repeat(200)}`]) {
    t.like(readAccount({ ...ADA, loginShell }), { shell: '/bin/bash' }, String(loginShell))
  }
})

test('only the lock without an end is a lock; a few wrong passwords are none', (t) => {
  t.like(readAccount({ ...ADA, pwdAccountLockedTime: '000001010000Z' }), { locked: true })
  t.like(readAccount({ ...ADA, pwdAccountLockedTime: '20261123022139Z' }), { locked: false })
  t.like(readAccount({ ...ADA, pwdChangedTime: '20261123022139Z' }), { passwordSet: '20261123022139Z' })
  t.like(readAccount({ ...ADA, pwdReset: 'TRUE' }), { oneTime: true })
  t.like(readAccount({ ...ADA, pwdReset: 'FALSE' }), { oneTime: false })
  t.like(readAccount({ ...ADA, pwdChangedTime: 'now' }), { passwordSet: undefined })
})

test('a name is one harmless line', (t) => {
  t.like(readAccount({ ...ADA, cn: 'Ada:x\n\u0007Lovelace ' }), { name: 'Ada x Lovelace' })
  t.like(readAccount({ ...ADA, gecos: 'Lady Ada,Room 1,555' }), { name: 'Lady Ada' })
  t.like(readAccount({ ...ADA, cn: '\n' }), { name: 'ada' })
  // At most 128 code units, and never half of a character.
  t.like(readAccount({ ...ADA, cn: `${'a'.repeat(127)}😀` }), { name: 'a'.repeat(127) })
})

test('no entry, whatever it holds, makes reading throw', (t) => {
  const value = fc.oneof(fc.string(), fc.array(fc.string()), fc.constant(undefined), fc.uint8Array())
  const names = [...Object.keys(ADA), 'cn', 'gidNumber', 'member', 'memberUid', 'description']
  const entries = fc.dictionary(fc.constantFrom(...names), value).map((some) => ({ ...ADA, ...some }))
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.oneof(entries, fc.anything()), (entry) => {
        const account = readAccount(entry)
        if ('uid' in account) t.true(account.uid >= 10_000 && /^[a-z_][a-z0-9_.-]{0,31}$/.test(account.login))
        const group = readGroup(entry)
        if ('gid' in group) t.true(group.gid >= 1_000)
      }),
    ),
  )
})

const groups: readonly [string, Record<string, unknown>, boolean][] = [
  ['an ordinary one', { cn: 'teachers', gidNumber: '10002' }, true],
  ['one of a school server', { cn: 'class-1a', gidNumber: '1000' }, true],
  ['a system gid', { cn: 'video', gidNumber: '44' }, false],
  ['docker', { cn: 'docker', gidNumber: '10002' }, false],
  ['Wheel in capitals', { cn: 'Wheel', gidNumber: '10002' }, false],
  ['sudo', { cn: 'sudo', gidNumber: '10002' }, false],
  ['root', { cn: 'root', gidNumber: '10002' }, false],
  ['a name with a colon', { cn: 'a:x:0', gidNumber: '10002' }, false],
  ['a name with a line break', { cn: 'a\nroot', gidNumber: '10002' }, false],
  ['no gid', { cn: 'teachers', gidNumber: [] }, false],
]
for (const [what, entry, fit] of groups) {
  test(`a group: ${what} is ${fit ? 'taken' : 'refused'}`, (t) => {
    const found = readGroup({ dn: 'cn=x,ou=groups,dc=room', ...entry })
    t.is('gid' in found, fit)
    if (!fit) t.like(found, { reason: 'GroupUnfit' })
  })
}
