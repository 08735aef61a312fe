import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { connect as connectTls } from 'node:tls'
import test from 'ava'
import { SLAPD_LOCK } from '../../charts/slapd/seed.ts'
import { apply } from '../../directory/changes.ts'
import { connect } from '../../directory/connect.ts'
import { openDirectory } from '../../directory/directory.ts'
import { DirectoryError, type DirectoryProblem } from '../../directory/errors.ts'
import { login } from '../../directory/login.ts'
import { addPerson, setPassword } from '../../directory/people.ts'
import { findAccount, readAccounts } from '../../directory/search.ts'
import { LIMITS } from '../../gateway/login/throttle.ts'
import { makeAuthority } from '../../lab/bare/certificates.ts'
import { packageTree, SLAPD } from '../../lab/debian/packages.ts'
import { directoryOf, type OwnSlapd, ownSlapd, reachOf } from '../harness/slapd.ts'

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

async function fails(work: () => Promise<unknown>): Promise<{ problem: DirectoryProblem; message: string }> {
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

test.serial('nothing older than TLS 1.3 is spoken', async (t) => {
  const { hostname, port } = new URL(slapd.ldap.url)
  const options = { host: hostname, port: Number(port), rejectUnauthorized: false }
  const spoken = (version: 'TLSv1.2' | 'TLSv1.3') =>
    new Promise<boolean>((done) => {
      const socket = connectTls({ ...options, minVersion: version, maxVersion: version }, () => {
        socket.destroy()
        done(true)
      })
      socket.once('error', () => done(false))
    })
  t.true(await spoken('TLSv1.3'))
  t.false(await spoken('TLSv1.2'))
})

test.serial('nobody listens, or somebody who never answers: told in bounded time', async (t) => {
  const { account, address } = reachOf(slapd.ldap, 'reader')
  t.is(
    (await fails(() => connect({ ...address, url: 'ldaps://127.0.0.1:1' }, account))).problem,
    'unreachable',
  )
  const mute = createServer(() => {})
  t.teardown(() => void mute.close())
  await new Promise<void>((done) => mute.listen(0, '127.0.0.1', done))
  const at = mute.address()
  const port = typeof at === 'object' && at ? at.port : 0
  const hung = await fails(() =>
    connect({ ...address, url: `ldaps://127.0.0.1:${port}`, connectTimeout: 300 }, account),
  )
  t.is(hung.problem, 'timedOut')
})

test.serial('an address without encryption is refused', async (t) => {
  const { account, address } = reachOf(slapd.ldap, 'reader')
  t.is((await fails(() => connect({ ...address, url: 'ldap://127.0.0.1' }, account))).problem, 'unfitAddress')
})

test.serial('a login that is a filter finds nobody', async (t) => {
  const directory = directoryOf(slapd.ldap, 'reader')
  t.teardown(() => directory.close())
  for (const name of ['*', 'ada)(uid=*', 'a*', '(|(uid=*))', 'ada\0'])
    t.is(await findAccount(directory, name), undefined)
  t.like(await findAccount(directory, 'ada'), { login: 'ada' })
})

test.serial('who may log in: the right password alone, and every refusal in the same words', async (t) => {
  const directory = directoryOf(slapd.ldap, 'reader')
  t.teardown(() => directory.close())
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
})

test.serial('the reading account sees people, but no password and nothing to write', async (t) => {
  const directory = directoryOf(slapd.ldap, 'reader')
  t.teardown(() => directory.close())
  const attributes = ['*', '+', 'userPassword', 'pwdHistory']
  const found = await directory.use('reading', (client) => client.search(slapd.ldap.baseDN, { attributes }))
  t.true(found.searchEntries.length > 4)
  t.false(found.searchEntries.some((entry) => 'pwdHistory' in entry && entry.pwdHistory?.length !== 0))
  t.false(found.searchEntries.some((entry) => 'userPassword' in entry && entry.userPassword?.length !== 0))
  t.is((await fails(() => setPassword(directory, 'ada', 'another long password'))).problem, 'notAllowed')
})

test.serial('nobody can try out which numbers are given out, whatever they ask to be written', async (t) => {
  const { bin } = await packageTree(SLAPD)
  const base = slapd.ldap.baseDN
  const bob = `uid=bob,ou=people,${base}`
  /** The answer, without the number that was asked for. */
  const answerTo = (change: string, number: number, ...more: string[]) => {
    const bind = ['-x', '-H', slapd.ldap.url, '-D', bob, '-w', PASSWORD]
    const env = { ...process.env, LDAPTLS_CACERT: slapd.ldap.caFile }
    const input = change.replaceAll('NUMBER', String(number))
    const { stderr, status } = spawnSync(`${bin}/ldapmodify`, [...bind, ...more], { input, env })
    t.not(status, 0)
    return String(stderr).replaceAll(String(number), 'NUMBER')
  }
  const person = `dn: uid=zoe,ou=people,${base}
changetype: add
objectClass: inetOrgPerson
objectClass: posixAccount
uid: zoe
cn: Zoe
sn: Zoe
uidNumber: NUMBER
gidNumber: 10000
homeDirectory: /home/zoe
`
  const group = `dn: cn=new,ou=groups,${base}
changetype: add
objectClass: groupOfNames
objectClass: posixGroup
cn: new
member: ${bob}
gidNumber: NUMBER
`
  const own = (how: string) => `dn: ${bob}\nchangetype: modify\n${how}: uidNumber\nuidNumber: NUMBER\n`
  const renamed = `dn: ${bob}\nchangetype: modrdn\nnewrdn: uidNumber=NUMBER\ndeleteoldrdn: 0\n`
  for (const change of [person, group, own('replace'), own('add'), own('increment'), renamed]) {
    for (const control of [[], ['-e', 'relax'], ['-M']]) {
      const taken = answerTo(change, 10_000, ...control)
      t.is(taken, answerTo(change, 19_999, ...control), change)
      t.regex(taken, /Insufficient access/)
    }
  }
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
  t.teardown(() => directory.close())
  const dn = `uid=ada,ou=people,${slapd.ldap.baseDN}`
  const { searchEntries } = await directory.use('reading', (client) =>
    client.search(dn, { scope: 'base', attributes: ['userPassword'] }),
  )
  t.regex(String(searchEntries[0]?.userPassword), /^\{ARGON2\}\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  const refused = await fails(() => setPassword(directory, 'ada', 'short'))
  t.is(refused.problem, 'policyRefused')
  t.regex(refused.message, /too short/)
  t.notRegex(refused.message, /: short/)
})

test.serial('ten who are added at once get ten numbers', async (t) => {
  const directory = directoryOf(slapd.ldap, 'admin')
  t.teardown(() => directory.close())
  const names = Array.from({ length: 10 }, (_, n) => `crowd${n}`)
  const uids = await Promise.all(
    names.map((name) =>
      addPerson(directory, { login: name, name, groups: [], shell: '/bin/bash', password: PASSWORD }),
    ),
  )
  t.is(new Set(uids).size, 10)
})

test.serial('a counter that lags behind a filled directory catches up', async (t) => {
  const directory = directoryOf(slapd.ldap, 'admin')
  t.teardown(() => directory.close())
  const next = `cn=next-uid,ou=policies,${slapd.ldap.baseDN}`
  const edits = [{ operation: 'replace', attribute: 'serialNumber', values: ['10000'] }] as const
  await directory.use('setting', (client) => apply(client, { kind: 'modify', dn: next, edits }))
  const person = { login: 'late', name: 'Late', groups: [], shell: '/bin/bash', password: PASSWORD }
  t.true((await addPerson(directory, person)) > 10_001)
})

test.serial('more people than fit a page are read whole, by two readers at once', async (t) => {
  const directory = directoryOf(slapd.ldap, 'admin')
  t.teardown(() => directory.close())
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
})

test.serial(
  'slapd’s own lock: never near by what the gateway lets through, there for more; an administrator’s holds',
  async (t) => {
    const directory = directoryOf(slapd.ldap, 'admin')
    t.teardown(() => directory.close())
    const { address } = reachOf(slapd.ldap, 'reader')
    const dn = `uid=guessed,ou=people,${slapd.ldap.baseDN}`
    const person = { login: 'guessed', name: 'G', groups: [], shell: '/bin/bash', password: PASSWORD }
    await addPerson(directory, person)
    const takes = async (password: string): Promise<boolean> => {
      try {
        await (await connect({ ...address, timeout: 30_000 }, { dn, password })).unbind()
        return true
      } catch (error) {
        if (error instanceof DirectoryError && error.problem === 'credentialsRefused') return false
        throw error
      }
    }
    let guessed = 0
    const guess = async (until: number): Promise<void> => {
      const one = async () => {
        while (guessed < until) await takes(`guess ${guessed++}`)
      }
      await Promise.all(Array.from({ length: 4 }, one))
    }
    // Two replicas and the third of a rollout that hear nothing of each other.
    await guess(3 * (LIMITS.person.most + LIMITS.devices.most))
    t.true(await takes(PASSWORD), 'not locked')
    guessed = 0
    await guess(SLAPD_LOCK.failures + 4)
    t.false(await takes(PASSWORD), 'slapd would lock')
    const lock = (...values: string[]) =>
      directory.use('locking', (client) =>
        apply(client, {
          kind: 'modify',
          dn,
          edits: [{ operation: 'replace', attribute: 'pwdAccountLockedTime', values }],
        }),
      )
    await lock()
    t.true(await takes(PASSWORD))
    await lock('000001010000Z')
    t.false(await takes(PASSWORD), 'an administrator’s lock')
    await lock()
    t.true(await takes(PASSWORD))
  },
)

test.serial('a crash loses nobody, and the same directory goes on over a new connection', async (t) => {
  const { address, account } = reachOf(slapd.ldap, 'reader')
  const reach = async () => ({ address, account })
  const directory = openDirectory({ url: address.url, baseDN: slapd.ldap.baseDN, reach })
  const before = await readAccounts(directory)
  await slapd.stop('SIGKILL')
  t.like(await fails(() => readAccounts(directory)), { problem: 'unreachable' })
  await slapd.start()
  t.is((await readAccounts(directory)).length, before.length)
})
