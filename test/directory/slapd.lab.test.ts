import { createServer } from 'node:net'
import test from 'ava'
import { apply } from '../../directory/changes.ts'
import { connect } from '../../directory/connect.ts'
import { openDirectory } from '../../directory/directory.ts'
import { DirectoryError, type Problem } from '../../directory/errors.ts'
import { login } from '../../directory/login.ts'
import { addPerson, setPassword } from '../../directory/people.ts'
import { findAccount, readAccounts } from '../../directory/search.ts'
import { makeAuthority } from '../../lab/certificates.ts'
import { directoryOf, type OwnSlapd, ownSlapd, reachOf } from './own-slapd.ts'

const PASSWORD = 'correct horse battery'
let slapd: OwnSlapd

test.before(async () => {
  slapd = await ownSlapd()
  const admin = directoryOf(slapd.ldap, 'admin')
  await addPerson(admin, {
    login: 'ada',
    name: 'Ada Lovelace',
    groups: [],
    shell: '/bin/bash',
    password: PASSWORD,
  })
  await addPerson(admin, { login: 'bob', name: 'Bob', groups: [], shell: '/bin/bash', password: PASSWORD })
  await admin.close()
})
test.after.always(() => slapd?.down())

async function fails(work: () => Promise<unknown>): Promise<{ problem: Problem; message: string }> {
  try {
    await work()
  } catch (error) {
    if (error instanceof DirectoryError) {
      return { problem: error.problem, message: error.message }
    }
    throw error
  }
  throw new Error('it did not fail')
}

test.serial('a blank password never reaches the wire', async (t) => {
  const { address, account } = reachOf(slapd.ldap, 'admin')
  for (const password of ['', ' ', '\n']) {
    t.is((await fails(() => connect(address, { ...account, password }))).problem, 'blankPassword')
  }
})

test.serial(
  'a wrong password, a strange authority, a name not in the certificate: each is told apart',
  async (t) => {
    const { address, account } = reachOf(slapd.ldap, 'reader')
    const wrong = await fails(() => connect(address, { ...account, password: 'wrong' }))
    t.is(wrong.problem, 'credentialsRefused')
    const strange = await makeAuthority('strange')
    t.is(
      (await fails(() => connect({ ...address, ca: strange.certificate }, account))).problem,
      'certificateRefused',
    )
    const url = address.url.replace('127.0.0.1', '127.0.0.2')
    const { port } = new URL(address.url)
    const dialled = await import('node:net')
    const other = { ...address, url, transport: async () => dialled.connect(Number(port), '127.0.0.1') }
    t.is((await fails(() => connect(other, account))).problem, 'certificateRefused')
  },
)

test.serial('nobody listens, or somebody who never answers: told in bounded time', async (t) => {
  const { account, address } = reachOf(slapd.ldap, 'reader')
  t.is(
    (await fails(() => connect({ ...address, url: 'ldaps://127.0.0.1:1' }, account))).problem,
    'unreachable',
  )
  const mute = createServer(() => {})
  await new Promise<void>((done) => mute.listen(0, '127.0.0.1', done))
  const at = mute.address()
  const port = typeof at === 'object' && at ? at.port : 0
  const hung = await fails(() =>
    connect({ ...address, url: `ldaps://127.0.0.1:${port}`, connectTimeout: 300 }, account),
  )
  t.is(hung.problem, 'timedOut')
  mute.close()
})

test.serial('an address without encryption is refused', async (t) => {
  const { account, address } = reachOf(slapd.ldap, 'reader')
  t.is((await fails(() => connect({ ...address, url: 'ldap://127.0.0.1' }, account))).problem, 'unfitAddress')
})

test.serial('a login that is a filter finds nobody', async (t) => {
  const directory = directoryOf(slapd.ldap, 'reader')
  for (const name of ['*', 'ada)(uid=*', 'a*', '(|(uid=*))', 'ada\0'])
    t.is(await findAccount(directory, name), undefined)
  t.like(await findAccount(directory, 'ada'), { login: 'ada' })
  await directory.close()
})

test.serial('who may log in: the right password alone, and every refusal in the same words', async (t) => {
  const directory = directoryOf(slapd.ldap, 'reader')
  const { address } = reachOf(slapd.ldap, 'reader')
  t.like(await login(directory, address, 'ada', PASSWORD), { account: { login: 'ada', uid: 10_000 } })
  const refusals = [
    await login(directory, address, 'ada', 'wrong password'),
    await login(directory, address, 'nobody', PASSWORD),
    await login(directory, address, 'ada', ''),
    await login(directory, address, '*', PASSWORD),
  ]
  for (const refusal of refusals) t.deepEqual(refusal, refusals[0])
  t.true(refusals[0] && 'refused' in refusals[0])
  await directory.close()
})

test.serial('the reading account sees people, but no password and nothing to write', async (t) => {
  const directory = directoryOf(slapd.ldap, 'reader')
  const attributes = ['*', '+', 'userPassword', 'pwdHistory']
  const found = await directory.use('reading', (client) => client.search(slapd.ldap.baseDN, { attributes }))
  t.true(found.searchEntries.length > 4)
  t.false(found.searchEntries.some((entry) => 'pwdHistory' in entry && entry.pwdHistory?.length !== 0))
  t.false(found.searchEntries.some((entry) => 'userPassword' in entry && entry.userPassword?.length !== 0))
  t.is((await fails(() => setPassword(directory, 'ada', 'another long password'))).problem, 'notAllowed')
  await directory.close()
})

test.serial('a person may change their password and nothing that says who they are', async (t) => {
  const { address } = reachOf(slapd.ldap, 'reader')
  const dn = `uid=bob,ou=people,${slapd.ldap.baseDN}`
  const client = await connect(address, { dn, password: PASSWORD })
  for (const [attribute, value] of [
    ['uidNumber', '10500'],
    ['gidNumber', '10001'],
    ['homeDirectory', '/home/ada'],
  ] as const) {
    const change = {
      kind: 'modify',
      dn,
      edits: [{ operation: 'replace', attribute, values: [value] }],
    } as const
    t.is((await fails(() => apply(client, change))).problem, 'notAllowed', attribute)
  }
  const join = { operation: 'add', attribute: 'member', values: [dn] } as const
  const group = `cn=administrators,ou=groups,${slapd.ldap.baseDN}`
  const joined = await fails(() => apply(client, { kind: 'modify', dn: group, edits: [join] }))
  t.true(['notAllowed', 'noSuchEntry'].includes(joined.problem))
  const own = { operation: 'replace', attribute: 'userPassword', values: ['my own long password'] } as const
  await t.notThrowsAsync(apply(client, { kind: 'modify', dn, edits: [own] }))
  await client.unbind()
})

test.serial('nobody without a name reads anything', async (t) => {
  const { Client } = await import('ldapts')
  const { address } = reachOf(slapd.ldap, 'reader')
  const client = new Client({ url: address.url, tlsOptions: { ca: address.ca } })
  await t.throwsAsync(client.search(slapd.ldap.baseDN), { message: /authentication required/ })
  await client.unbind()
})

test.serial('passwords are stored as argon2id, and a short one is refused by the server', async (t) => {
  const directory = directoryOf(slapd.ldap, 'admin')
  const dn = `uid=ada,ou=people,${slapd.ldap.baseDN}`
  const { searchEntries } = await directory.use('reading', (client) =>
    client.search(dn, { scope: 'base', attributes: ['userPassword'] }),
  )
  t.regex(String(searchEntries[0]?.userPassword), /^\{ARGON2\}\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  const refused = await fails(() => setPassword(directory, 'ada', 'short'))
  t.is(refused.problem, 'policyRefused')
  t.regex(refused.message, /too short/)
  t.notRegex(refused.message, /: short/)
  await directory.close()
})

test.serial('ten who are added at once get ten numbers', async (t) => {
  const directory = directoryOf(slapd.ldap, 'admin')
  const names = Array.from({ length: 10 }, (_, n) => `crowd${n}`)
  const uids = await Promise.all(
    names.map((name) =>
      addPerson(directory, { login: name, name, groups: [], shell: '/bin/bash', password: PASSWORD }),
    ),
  )
  t.is(new Set(uids).size, 10)
  await directory.close()
})

test.serial('a counter that lags behind a filled directory catches up', async (t) => {
  const directory = directoryOf(slapd.ldap, 'admin')
  const next = `cn=next-uid,ou=policies,${slapd.ldap.baseDN}`
  const edits = [{ operation: 'replace', attribute: 'serialNumber', values: ['10000'] }] as const
  await directory.use('setting', (client) => apply(client, { kind: 'modify', dn: next, edits }))
  const person = { login: 'late', name: 'Late', groups: [], shell: '/bin/bash', password: PASSWORD }
  t.true((await addPerson(directory, person)) > 10_001)
  await directory.close()
})

test.serial('more people than fit a page are read whole, by two readers at once', async (t) => {
  const directory = directoryOf(slapd.ldap, 'admin')
  const base = slapd.ldap.baseDN
  const entry = (n: number) => ({
    objectClass: ['inetOrgPerson', 'posixAccount'],
    ...{ uid: [`many${n}`], cn: ['Many'], sn: ['Many'], homeDirectory: ['/'] },
    ...{ uidNumber: [String(20_000 + n)], gidNumber: ['10000'] },
  })
  await directory.use('filling', async (client) => {
    for (let n = 0; n < 1_200; n++) {
      await apply(client, { kind: 'add', dn: `uid=many${n},ou=people,${base}`, attributes: entry(n) })
    }
  })
  const [one, two] = await Promise.all([readAccounts(directory), readAccounts(directory)])
  t.true(one.length > 1_200)
  t.deepEqual(one, two)
  await directory.close()
})

test.serial('a crash loses nobody, and the same directory goes on over a new connection', async (t) => {
  const { address, account } = reachOf(slapd.ldap, 'reader')
  const reach = async () => ({ address, account })
  const directory = openDirectory({ url: address.url, baseDN: slapd.ldap.baseDN, reach })
  const before = await readAccounts(directory)
  await slapd.stop('SIGKILL')
  t.like(await fails(() => readAccounts(directory)), { problem: 'unreachable' })
  await slapd.start()
  t.is((await readAccounts(directory)).length, before.length)
  await directory.close()
})
