import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test from 'ava'
import { apply } from '../../directory/changes.ts'
import { login } from '../../directory/login.ts'
import { directoryOf, type OwnSlapd, ownSlapd, reachOf } from '../harness/slapd.ts'

let slapd: OwnSlapd
test.before(async () => {
  slapd = await ownSlapd()
})
test.after.always(() => slapd?.down())

async function deskfleet(
  args: readonly string[],
  input = '',
  as = { dn: slapd.ldap.adminDN, passwordFile: slapd.ldap.adminPasswordFile },
) {
  const { url, caFile, baseDN } = slapd.ldap
  const reach = ['--url', url, '--ca', caFile, '--base-dn', baseDN, '--bind-dn', as.dn]
  const program = join(import.meta.dirname, '../../deskfleet.ts')
  const child = spawn(process.execPath, [program, ...args, ...reach, '--password-file', as.passwordFile], {
    env: { PATH: process.env.PATH },
  })
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  return { stdout, stderr, code: Number(code) }
}

const passwordWorks = async (name: string, password: string): Promise<boolean> => {
  const directory = directoryOf(slapd.ldap, 'reader')
  const result = await login(directory, reachOf(slapd.ldap, 'reader').address, name, password)
  await directory.close()
  return 'account' in result
}

test.serial('--dry-run shows the change and writes nothing', async (t) => {
  const { stdout, code } = await deskfleet(['people', 'add', 'ada', '--name', 'Ada Lovelace', '--dry-run'])
  t.is(code, 0)
  t.regex(stdout, /dn: uid=ada,ou=people.*\nchangetype: add\n/)
  t.regex(stdout, /userPassword: \(not shown\)/)
  t.regex((await deskfleet(['people', 'list'])).stdout, /nobody yet/)
})

test.serial('somebody is added with a password that is shown once and works', async (t) => {
  const { stdout, code } = await deskfleet(['people', 'add', 'ada', '--name', 'Ada Lovelace'])
  t.is(code, 0)
  const password = /shown only now: (\S+)/.exec(stdout)?.[1] ?? ''
  t.true(await passwordWorks('ada', password))
  t.deepEqual(JSON.parse((await deskfleet(['people', 'list', '-o', 'json'])).stdout), [
    { login: 'ada', name: 'Ada Lovelace', uid: 10_000, groups: ['people'], locked: false },
  ])
  t.regex((await deskfleet(['people', 'show', 'ada'])).stdout, /^home: +\/home\/ada$/m)
})

test.serial('a password from stdin is set, and no output repeats it', async (t) => {
  const { stdout, stderr, code } = await deskfleet(
    ['people', 'passwd', 'ada', '--password-stdin'],
    'my long secret\n',
  )
  t.is(code, 0)
  t.false((stdout + stderr).includes('my long secret'))
  t.true(await passwordWorks('ada', 'my long secret'))
})

/** Sets or removes the lock on ada's entry, as an administrator's LDAP tool does. */
async function lock(...values: string[]): Promise<void> {
  const directory = directoryOf(slapd.ldap, 'admin')
  const dn = `uid=ada,ou=people,${slapd.ldap.baseDN}`
  const edits = [{ operation: 'replace', attribute: 'pwdAccountLockedTime', values }] as const
  await directory.use('locking ada', (client) => apply(client, { kind: 'modify', dn, edits }))
  await directory.close()
}

test.serial(
  'a few wrong passwords lock nobody; passwd lifts a lock that very many would bring',
  async (t) => {
    for (let count = 0; count < 6; count++) t.false(await passwordWorks('ada', 'a wrong password'))
    t.true(await passwordWorks('ada', 'my long secret'))
    await lock(`${new Date().toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`)
    t.false(await passwordWorks('ada', 'my long secret'))
    const { code } = await deskfleet(['people', 'passwd', 'ada', '--password-stdin'], 'another long secret\n')
    t.is(code, 0)
    t.true(await passwordWorks('ada', 'another long secret'))
  },
)

test.serial('an account locked by an administrator is let in no more, and shown so', async (t) => {
  t.is((await deskfleet(['people', 'lock', 'ada', '--dry-run'])).code, 0)
  t.true(await passwordWorks('ada', 'another long secret'), 'a dry run locks nobody')
  t.is((await deskfleet(['people', 'lock', 'ada'])).stdout, 'ada locked\n')
  t.false(await passwordWorks('ada', 'another long secret'))
  const listed = JSON.parse((await deskfleet(['people', 'list', '-o', 'json'])).stdout)
  t.like(listed[0], { login: 'ada', locked: true })
  t.regex((await deskfleet(['people', 'show', 'ada'])).stdout, /^directory: +locked$/m)
  t.is((await deskfleet(['people', 'lock', 'ada'])).code, 0, 'as often as one likes')
  await deskfleet(['people', 'passwd', 'ada', '--password-stdin'], 'a third long secret\n')
  t.false(await passwordWorks('ada', 'a third long secret'), 'a new password is no unlocking')
  t.is((await deskfleet(['people', 'unlock', 'ada'])).stdout, 'ada unlocked\n')
  t.true(await passwordWorks('ada', 'a third long secret'))
  t.is((await deskfleet(['people', 'unlock', 'ada'])).code, 0)
})

test.serial('a one-time password is made up, shown once, and marked', async (t) => {
  const said = await deskfleet(['people', 'passwd', 'ada', '--one-time'])
  t.is(said.code, 0, said.stderr)
  const given = /^one-time password of ada, shown only now: (\S+)$/m.exec(said.stdout)?.[1] ?? ''
  t.true(await passwordWorks('ada', given))
  t.regex((await deskfleet(['people', 'show', 'ada'])).stdout, /^password: +one-time/m)
  const plan = await deskfleet(['people', 'passwd', 'ada', '--one-time', '--dry-run'])
  t.regex(plan.stdout, /userPassword: \(not shown\)\n-\nreplace: pwdReset\npwdReset: TRUE/)
  t.true(await passwordWorks('ada', given), 'a dry run changes nothing')
  await deskfleet(['people', 'passwd', 'ada', '--password-stdin'], 'a fourth long secret\n')
  t.notRegex((await deskfleet(['people', 'show', 'ada'])).stdout, /one-time/)
})

test.serial(
  'a helper gives one-time passwords by the command, bound as themselves, and does nothing else',
  async (t) => {
    t.is(
      (
        await deskfleet(
          ['people', 'add', 'helga', '--groups', 'helpers', '--password-stdin'],
          'the long one of helga',
        )
      ).code,
      0,
    )
    t.is((await deskfleet(['people', 'add', 'chief', '--groups', 'administrators'])).code, 0)
    const passwordFile = join(slapd.dir, 'helga')
    writeFileSync(passwordFile, 'the long one of helga\n', { mode: 0o600 })
    const helga = (...args: string[]) =>
      deskfleet(args, '', { dn: `uid=helga,ou=people,${slapd.ldap.baseDN}`, passwordFile })
    const said = await helga('people', 'passwd', 'ada', '--one-time')
    t.is(said.code, 0, said.stderr)
    t.true(await passwordWorks('ada', /shown only now: (\S+)/.exec(said.stdout)?.[1] ?? ''))
    for (const [args, code, says] of [
      [['people', 'passwd', 'ada'], 2, /say --one-time/],
      [['people', 'passwd', 'ada)(uid=*', '--one-time'], 2, /cannot be a login/],
      [
        ['people', 'passwd', 'chief', '--one-time'],
        1,
        /does not let you give chief a password: helpers give none to/,
      ],
      [['people', 'passwd', 'helga', '--one-time'], 1, /does not let you/],
      [['people', 'passwd', 'zed', '--one-time'], 1, /check the name/],
      [['people', 'show', 'ada'], 1, /no person "ada"/],
      [['people', 'lock', 'ada'], 1, /no person "ada"/],
      [['people', 'remove', 'ada'], 1, /no person "ada"/],
      [['groups', 'members', 'administrators', '--add', 'helga'], 1, /no group/],
    ] as const) {
      const refused = await helga(...args)
      t.is(refused.code, code, `${args.join(' ')}: ${refused.stdout}${refused.stderr}`)
      t.regex(refused.stderr, says)
      t.is(refused.stdout, '')
    }
    for (const name of ['helga', 'chief']) await deskfleet(['people', 'remove', name])
  },
)

test.serial(
  'a removed person is gone, from groups as well; the login may be given to somebody new',
  async (t) => {
    t.is((await deskfleet(['people', 'add', 'gone', '--groups', 'administrators'])).code, 0)
    const before = JSON.parse((await deskfleet(['people', 'show', 'gone', '-o', 'json'])).stdout)
    const plan = await deskfleet(['people', 'remove', 'gone', '--dry-run'])
    t.is(plan.stdout, `dn: ${before.dn}\nchangetype: delete\n`)
    t.is((await deskfleet(['people', 'show', 'gone'])).code, 0, 'a dry run removes nobody')
    t.is((await deskfleet(['people', 'remove', 'gone'])).stdout, 'gone removed\n')
    const again = await deskfleet(['people', 'remove', 'gone'])
    t.is(again.code, 1)
    t.regex(again.stderr, /there is no person "gone"/)
    t.is((await deskfleet(['people', 'add', 'gone'])).code, 0)
    const after = JSON.parse((await deskfleet(['people', 'show', 'gone', '-o', 'json'])).stdout)
    t.not(after.entryUUID, before.entryUUID)
    t.not(after.uid, before.uid)
    t.deepEqual(after.groups, ['people'])
    t.is((await deskfleet(['people', 'remove', 'gone'])).code, 0)
  },
)

/** As the directory has it, which nobody but its administrator reads. */
async function storedPassword(login: string): Promise<string> {
  const directory = directoryOf(slapd.ldap, 'admin')
  const found = await directory.use('reading a hash', (client) =>
    client.search(`uid=${login},ou=people,${slapd.ldap.baseDN}`, { attributes: ['userPassword'] }),
  )
  await directory.close()
  return String(found.searchEntries[0]?.userPassword)
}

for (const [what, password] of [
  ['that looks like a scheme of slapd', '{CLEARTEXT}my secret 88'],
  ['that looks like some other scheme', '{my own} secret 88'],
  ['with accents, typed in two ways', 'fu\u0308nf A\u030angstro\u0308m'],
  ['with a space that is none of the plain ones', 'my\u00a0long\u00a0secret'],
] as const) {
  test.serial(`a password ${what} is hashed, and lets its person in`, async (t) => {
    const said = await deskfleet(['people', 'add', 'odd', '--password-stdin'], `${password}\n`)
    t.is(said.code, 0, said.stderr)
    t.true(await passwordWorks('odd', password))
    t.true(await passwordWorks('odd', password.normalize('NFC').replaceAll('\u00a0', ' ')))
    t.regex(await storedPassword('odd'), /^\{ARGON2\}\$argon2id\$/)
    const another = `${password} once more`
    t.is((await deskfleet(['people', 'passwd', 'odd', '--password-stdin'], `${another}\n`)).code, 0)
    t.true(await passwordWorks('odd', another))
    t.false(await passwordWorks('odd', password))
    t.regex(await storedPassword('odd'), /^\{ARGON2\}\$argon2id\$/)
    t.is((await deskfleet(['people', 'remove', 'odd'])).code, 0)
  })
}

test.serial('a password that is not taken leaves nobody behind', async (t) => {
  for (const [password, why] of [
    ['üüüüü', /too short, with 5 characters/],
    ['{SSHA}c2VjcmV0IG9mIHNvbWVib2R5IGVsc2U=', /begins like one that is hashed already/],
    ['x'.repeat(257), /too long, with 257 characters/],
  ] as const) {
    const said = await deskfleet(['people', 'add', 'nobody2', '--password-stdin'], `${password}\n`)
    t.is(said.code, 1)
    t.regex(said.stderr, why)
    t.is((await deskfleet(['people', 'show', 'nobody2'])).code, 1)
  }
})

const refusals: readonly [string, readonly string[], string, number, RegExp][] = [
  ['a login that is taken', ['people', 'add', 'ada'], '', 1, /already somebody with the login "ada"/],
  ['a login that is none', ['people', 'add', 'Ada L'], '', 1, /cannot be a login/],
  ['a login of the system', ['people', 'add', 'nobody'], '', 1, /"nobody" cannot be a login/],
  ['a group of the system', ['groups', 'add', 'nogroup'], '', 1, /cannot be a group's name/],
  [
    'a name over two lines',
    ['people', 'add', 'eve', '--name', 'a\nuidNumber: 0'],
    '',
    1,
    /that name cannot be written down/,
  ],
  ['a password that is too short', ['people', 'add', 'bob', '--password-stdin'], 'short', 1, /too short/],
  ['a blank password', ['people', 'add', 'bob', '--password-stdin'], '\n', 1, /it is blank/],
  [
    'a group that is not there',
    ['people', 'add', 'bob', '--groups', 'nope'],
    '',
    1,
    /deskfleet groups add nope/,
  ],
  ['a group that rules machines', ['groups', 'add', 'docker'], '', 1, /cannot be a group's name/],
  ['nobody to show', ['people', 'show', 'zed'], '', 1, /no person "zed"/],
  ['no terminal to ask on', ['people', 'passwd', 'ada'], '', 2, /--password-stdin/],
  [
    'a password that is made up and given',
    ['people', 'passwd', 'ada', '--one-time', '--password-stdin'],
    'my long secret 9',
    2,
    /--one-time makes a password up/,
  ],
  ['an option that is none', ['people', 'add', 'bob', '--frobnicate'], '', 2, /unknown option/],
  ['a format that is none', ['people', 'list', '-o', 'xml'], '', 2, /Allowed choices/],
]
for (const [what, args, input, expected, says] of refusals) {
  test.serial(`refused with a reason: ${what}`, async (t) => {
    const { stdout, stderr, code } = await deskfleet(args, input)
    t.is(code, expected)
    t.regex(stderr, says)
    t.is(stdout, '')
  })
}

test.serial('groups: made, joined, left, listed', async (t) => {
  t.regex((await deskfleet(['groups', 'add', 'teachers'])).stdout, /gid 10002/)
  t.regex((await deskfleet(['groups', 'members', 'teachers'])).stdout, /nobody is in teachers/)
  t.regex((await deskfleet(['groups', 'members', 'teachers', '--add', 'ada,ada'])).stdout, /^ada /m)
  const both = await deskfleet(['groups', 'members', 'teachers', '--add', 'ada', '--remove', 'ada'])
  t.is(both.code, 1)
  t.regex(both.stderr, /ada cannot be added and removed at once: say one of the two/)
  t.regex((await deskfleet(['groups', 'members', 'teachers'])).stdout, /^ada /m, 'nothing was done')
  t.regex((await deskfleet(['people', 'list'])).stdout, /people,teachers/)
  t.regex(
    (await deskfleet(['groups', 'members', 'teachers', '--remove', 'ada'])).stdout,
    /nobody is in teachers/,
  )
})
