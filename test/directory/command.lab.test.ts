import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test from 'ava'
import { apply } from '../../directory/changes.ts'
import { login } from '../../directory/login.ts'
import { directoryOf, type OwnSlapd, ownSlapd, reachOf } from './own-slapd.ts'

let slapd: OwnSlapd
test.before(async () => {
  slapd = await ownSlapd()
})
test.after.always(() => slapd?.down())

async function deskfleet(args: readonly string[], input = '') {
  const { url, caFile, baseDN, adminDN, adminPasswordFile } = slapd.ldap
  const reach = ['--url', url, '--ca', caFile, '--base-dn', baseDN, '--bind-dn', adminDN]
  const program = join(import.meta.dirname, '../../deskfleet.ts')
  const child = spawn(process.execPath, [program, ...args, ...reach, '--password-file', adminPasswordFile], {
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
    { login: 'ada', name: 'Ada Lovelace', uid: 10_000, groups: ['people'] },
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

test.serial(
  'five wrong passwords lock the account for the right one, too, and passwd lifts the lock',
  async (t) => {
    for (let count = 0; count < 5; count++) t.false(await passwordWorks('ada', 'a wrong password'))
    t.false(await passwordWorks('ada', 'my long secret'))
    const { code } = await deskfleet(['people', 'passwd', 'ada', '--password-stdin'], 'another long secret\n')
    t.is(code, 0)
    t.true(await passwordWorks('ada', 'another long secret'))
  },
)

test.serial(
  'an account locked by an administrator is let in no more, and left out of who is who',
  async (t) => {
    const directory = directoryOf(slapd.ldap, 'admin')
    const dn = `uid=ada,ou=people,${slapd.ldap.baseDN}`
    const lock = (operation: 'add' | 'delete', values: string[]) =>
      directory.use('locking ada', (client) =>
        apply(client, {
          kind: 'modify',
          dn,
          edits: [{ operation, attribute: 'pwdAccountLockedTime', values }],
        }),
      )
    await lock('add', ['000001010000Z'])
    t.false(await passwordWorks('ada', 'another long secret'))
    t.regex((await deskfleet(['people', 'list'])).stderr, /locked by an administrator: ada/)
    await lock('delete', [])
    t.true(await passwordWorks('ada', 'another long secret'))
    await directory.close()
  },
)

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
  ['a blank password', ['people', 'add', 'bob', '--password-stdin'], '\n', 1, /give a password/],
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
  t.regex((await deskfleet(['groups', 'members', 'teachers', '--add', 'ada'])).stdout, /^ada /m)
  t.regex((await deskfleet(['people', 'list'])).stdout, /people,teachers/)
  t.regex(
    (await deskfleet(['groups', 'members', 'teachers', '--remove', 'ada'])).stdout,
    /nobody is in teachers/,
  )
})
