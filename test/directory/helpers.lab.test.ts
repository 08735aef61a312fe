import test, { type ExecutionContext } from 'ava'
import type { Client } from 'ldapts'
import { LOCKED_FOR_GOOD } from '../../config/lock.ts'
import { apply, type Change, type Edit } from '../../directory/changes.ts'
import { connect, hangUp } from '../../directory/connect.ts'
import { DirectoryError } from '../../directory/errors.ts'
import { planMembers } from '../../directory/groups.ts'
import { login } from '../../directory/login.ts'
import { giveOneTimePassword, oneTimeChange } from '../../directory/one-time-password.ts'
import { changeOwnPassword } from '../../directory/own-password.ts'
import { addPerson, passwordChange, setLock, setPassword } from '../../directory/people.ts'
import { findAccount, findGroup } from '../../directory/search.ts'
import { directoryOf, type OwnSlapd, ownSlapd, reachOf } from '../harness/slapd.ts'

/** What a helper may, and what slapd itself keeps from them, whatever asks it in their name. */

const PASSWORD = 'correct horse battery'
let slapd: OwnSlapd

const dnOf = (name: string): string => `uid=${name},ou=people,${slapd.ldap.baseDN}`
const groupOf = (name: string): string => `cn=${name},ou=groups,${slapd.ldap.baseDN}`
const addressOf = () => reachOf(slapd.ldap, 'reader').address

async function asAdministrator(...changes: Change[]): Promise<void> {
  const directory = directoryOf(slapd.ldap, 'admin')
  for (const change of changes) await directory.use('changing', (client) => apply(client, change))
  await directory.close()
}

const edit = (dn: string, ...edits: Edit[]): Change => ({ kind: 'modify', dn, edits })
const replace = (attribute: string, ...values: string[]): Edit => ({
  operation: 'replace',
  attribute,
  values,
})

test.before(async () => {
  slapd = await ownSlapd()
  const admin = directoryOf(slapd.ldap, 'admin')
  for (const name of ['ada', 'helga', 'heinz', 'chief', 'chiefbyuid', 'chiefbygid', 'locked', 'slow'])
    await addPerson(admin, { login: name, name, groups: [], shell: '/bin/bash', password: PASSWORD })
  for (const [group, add] of [
    ['helpers', ['helga', 'heinz']],
    ['administrators', ['chief']],
  ] as const) {
    const change = await planMembers(admin, group, { add, remove: [] })
    if (change) await admin.use('joining', (client) => apply(client, change))
  }
  await setLock(admin, 'locked', true)
  await admin.close()
  await asAdministrator(
    edit(groupOf('administrators'), replace('memberUid', 'chiefbyuid')),
    edit(dnOf('chiefbygid'), replace('gidNumber', '10001')),
  )
})
test.after.always(() => slapd?.down())

async function asHelper<T>(work: (client: Client) => Promise<T>, name = 'helga'): Promise<T> {
  const client = await connect(addressOf(), { dn: dnOf(name), password: PASSWORD })
  try {
    return await work(client)
  } finally {
    await hangUp(client)
  }
}

async function problemOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
  } catch (error) {
    if (error instanceof DirectoryError) return error.problem
    throw error
  }
  return 'none'
}

const lets = async (name: string, password: string): Promise<boolean> =>
  (await problemOf(async () =>
    hangUp(await connect(addressOf(), { dn: name.includes('=') ? name : dnOf(name), password })),
  )) === 'none'

/** Every way in which a client may ask for a new password. */
const ways = (dn: string): readonly Change[] => [
  oneTimeChange(dn, 'given by a helper'),
  passwordChange(dn, 'given by a helper'),
  edit(dn, { operation: 'add', attribute: 'userPassword', values: ['given by a helper'] }),
  edit(dn, replace('userPassword')),
  edit(dn, replace('pwdReset', 'TRUE')),
]

async function keepsPassword(t: ExecutionContext, dn: string, password = PASSWORD): Promise<void> {
  for (const change of ways(dn)) {
    const problem = await problemOf(() => asHelper((client) => apply(client, change)))
    t.is(problem, 'notAllowed', `${change.kind} of ${dn}`)
  }
  if (dn !== dnOf('locked')) t.true(await lets(dn, password), dn)
}

test.serial('helpers are a group of every directory, with a number that it gives to no other', async (t) => {
  const directory = directoryOf(slapd.ldap, 'reader')
  t.like(await findGroup(directory, 'helpers'), { name: 'helpers', gid: 9_999 })
  await directory.close()
})

test.serial(
  'a helper gives a one-time password, which does for choosing another and nothing else',
  async (t) => {
    const directory = directoryOf(slapd.ldap, 'reader')
    t.teardown(() => directory.close())
    const result = await giveOneTimePassword(
      directory,
      addressOf(),
      { login: 'helga', password: PASSWORD },
      'ada',
    )
    const given = 'given' in result ? result.given : ''
    t.regex(given, /^[a-z2-9]{5}(-[a-z2-9]{5}){3}$/)
    t.false(await lets('ada', PASSWORD))
    t.like(await login(directory, addressOf(), 'ada', given), { account: { login: 'ada', oneTime: true } })
    // slapd itself holds to it, whoever asks.
    const ada = await connect(addressOf(), { dn: dnOf('ada'), password: given })
    await t.throwsAsync(ada.search(dnOf('ada'), { scope: 'base' }), {
      message: /restricted to bind\/unbind\/abandon\/StartTLS\/modify password/,
    })
    await hangUp(ada)
    const chosen = 'chosen by ada herself'
    t.like(await changeOwnPassword(directory, addressOf(), 'ada', given, chosen), { changed: true })
    t.like(await login(directory, addressOf(), 'ada', chosen), { account: { oneTime: false } })
    t.false(await lets('ada', given))
  },
)

test.serial('the policy holds for helpers: length, what looks hashed, what was had before', async (t) => {
  for (const [password, how] of [
    ['short', oneTimeChange],
    ['{SSHA}c2VjcmV0IG9mIHNvbWVib2R5IGVsc2U=', oneTimeChange],
    ['short', passwordChange],
  ] as const) {
    const problem = await problemOf(() => asHelper((client) => apply(client, how(dnOf('slow'), password))))
    t.is(problem, 'policyRefused', password)
  }
  t.is(
    await problemOf(() => asHelper((client) => apply(client, oneTimeChange(dnOf('slow'), PASSWORD)))),
    'policyRefused',
  )
  t.true(await lets('slow', PASSWORD))
})

for (const [what, name] of [
  ['an administrator', 'chief'],
  ['an administrator by memberUid', 'chiefbyuid'],
  ['an administrator by primary group', 'chiefbygid'],
  ['another helper', 'heinz'],
  ['somebody who is locked', 'locked'],
] as const) {
  test.serial(`no password from a helper for ${what}`, async (t) => {
    await keepsPassword(t, dnOf(name))
  })
}

test.serial('who is locked stays locked', async (t) => {
  const admin = directoryOf(slapd.ldap, 'admin')
  t.like(await findAccount(admin, 'locked'), { locked: true })
  await setLock(admin, 'locked', false)
  t.true(await lets('locked', PASSWORD), 'and has the password of before')
  await setLock(admin, 'locked', true)
  // An administrator's one-time password is no unlocking either.
  await setPassword(admin, 'locked', 'given by an administrator', { oneTime: true })
  t.like(await findAccount(admin, 'locked'), { locked: true, oneTime: true })
  await admin.close()
  const lifted = edit(dnOf('locked'), replace('pwdAccountLockedTime'))
  t.is(await problemOf(() => asHelper((client) => apply(client, lifted))), 'notAllowed')
})

test.serial('no password from a helper for the directory’s own accounts', async (t) => {
  for (const name of ['admin', 'reader', 'replica'])
    for (const change of ways(`cn=${name},${slapd.ldap.baseDN}`))
      t.is(await problemOf(() => asHelper((client) => apply(client, change))), 'notAllowed')
})

test.serial(
  'a helper’s own password is changed as everybody’s, and is never a one-time one by their own hand',
  async (t) => {
    const own = dnOf('helga')
    t.is(
      await problemOf(() => asHelper((client) => apply(client, oneTimeChange(own, 'another long one')))),
      'notAllowed',
    )
    t.true(await lets('helga', PASSWORD))
    await asHelper((client) => apply(client, passwordChange(own, 'another long one')))
    t.true(await lets('helga', 'another long one'))
    // Three more, for the last three are not taken again.
    for (const next of ['one long password', 'two long passwords', 'three long ones'])
      await asAdministrator(passwordChange(own, next))
    await asAdministrator(passwordChange(own, PASSWORD))
  },
)

test.serial('a helper reads no hash, and nobody but themselves', async (t) => {
  const attributes = ['*', '+', 'userPassword', 'pwdHistory', 'pwdReset']
  const found = await asHelper((client) => client.search(slapd.ldap.baseDN, { attributes }))
  t.deepEqual(found.searchEntries.map(({ dn }) => dn).sort(), [slapd.ldap.baseDN, dnOf('helga')].sort())
  for (const entry of found.searchEntries)
    for (const name of ['userPassword', 'pwdHistory'])
      t.true([undefined, 0].includes(entry[name]?.length), name)
  for (const [filter, compared] of [
    ['(userPassword=*)', 'userPassword'],
    ['(pwdReset=TRUE)', 'pwdReset'],
  ] as const) {
    const answer = await asHelper((client) => client.search(slapd.ldap.baseDN, { filter }))
    t.deepEqual(answer.searchEntries, [], filter)
    await t.throwsAsync(asHelper((client) => client.compare(dnOf('ada'), compared, 'TRUE')))
  }
})

test.serial('a helper changes nothing else, of themselves or of others', async (t) => {
  const changes: Change[] = ['ada', 'helga', 'chief'].flatMap((name) => [
    ...Object.entries({
      uidNumber: '10500',
      gidNumber: '10001',
      homeDirectory: '/home/root',
      loginShell: '/bin/sh',
      description: 'was here',
      cn: 'Somebody Else',
      pwdAccountLockedTime: LOCKED_FOR_GOOD,
      pwdPolicySubentry: `cn=accounts,ou=policies,${slapd.ldap.baseDN}`,
    }).map(([attribute, value]) => edit(dnOf(name), replace(attribute, value))),
    { kind: 'delete', dn: dnOf(name) } as const,
    // Together with what they may.
    edit(
      dnOf(name),
      replace('userPassword', 'given by a helper'),
      replace('pwdReset', 'TRUE'),
      replace('description', 'was here'),
    ),
  ])
  for (const group of ['administrators', 'helpers', 'people'])
    for (const name of ['ada', 'helga'])
      for (const operation of ['add', 'delete'] as const)
        changes.push(edit(groupOf(group), { operation, attribute: 'member', values: [dnOf(name)] }))
  changes.push(edit(`cn=default,ou=policies,${slapd.ldap.baseDN}`, replace('pwdMinLength', '1')), {
    kind: 'add',
    dn: dnOf('new'),
    attributes: { objectClass: ['account'], uid: ['new'] },
  })
  for (const change of changes) {
    const problem = await problemOf(() => asHelper((client) => apply(client, change)))
    t.is(problem, 'notAllowed', JSON.stringify(change))
  }
})

test.serial(
  'who is in no group of that kind may do nothing of it, and who is a helper no more neither',
  async (t) => {
    for (const change of ways(dnOf('ada')))
      t.is(await problemOf(() => asHelper((client) => apply(client, change), 'slow')), 'notAllowed')
    await asAdministrator(
      edit(groupOf('helpers'), { operation: 'delete', attribute: 'member', values: [dnOf('helga')] }),
    )
    for (const change of ways(dnOf('ada')))
      t.is(await problemOf(() => asHelper((client) => apply(client, change))), 'notAllowed')
    await asAdministrator(
      edit(groupOf('helpers'), { operation: 'add', attribute: 'member', values: [dnOf('helga')] }),
    )
  },
)

test.serial(
  'a directory that began before there were helpers gets the group, and one-time passwords',
  async (t) => {
    await asAdministrator(
      { kind: 'delete', dn: groupOf('helpers') },
      edit(`cn=default,ou=policies,${slapd.ldap.baseDN}`, replace('pwdMustChange', 'FALSE')),
    )
    await slapd.stop()
    await slapd.start()
    const admin = directoryOf(slapd.ldap, 'admin')
    t.like(await findGroup(admin, 'helpers'), { gid: 9_999 })
    const policy = await admin.use('reading', (client) =>
      client.search(`cn=default,ou=policies,${slapd.ldap.baseDN}`, { scope: 'base' }),
    )
    t.like(policy.searchEntries[0], { pwdMustChange: 'TRUE' })
    // What somebody changed of it since outlives every further start.
    const change = await planMembers(admin, 'helpers', { add: ['helga'], remove: [] })
    if (change) await admin.use('joining', (client) => apply(client, change))
    await admin.close()
    await slapd.stop()
    await slapd.start()
    const reader = directoryOf(slapd.ldap, 'reader')
    const helpers = await findGroup(reader, 'helpers')
    t.true(helpers !== undefined && 'members' in helpers && helpers.members.has(dnOf('helga')))
    await reader.close()
    t.is(
      await problemOf(() => asHelper((client) => apply(client, oneTimeChange(dnOf('slow'), 'given again')))),
      'none',
    )
  },
)
