import { readFileSync } from 'node:fs'
import { createServer, connect as dial } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { apply } from '../../directory/changes.ts'
import { confirmBy } from '../../directory/confirm.ts'
import { connect } from '../../directory/connect.ts'
import type { Directory } from '../../directory/directory.ts'
import { DirectoryError } from '../../directory/errors.ts'
import { addPerson, removePerson, setLock, setPassword } from '../../directory/people.ts'
import { takeWrites } from '../../directory/socket.ts'
import { openPeople } from '../../gateway/login/people.ts'
import { BASE, directoryOf, type OwnSlapd } from '../harness/slapd.ts'
import { contentOf, letsIn, type Replicas, sameContent, slapdReplicas } from '../harness/slapd-replicas.ts'
import { eventually } from '../harness/wait.ts'
import { lineTo } from '../webhook/cut.ts'

const PASSWORD = 'correct horse battery'
const dnOf = (login: string): string => `uid=${login},ou=people,${BASE}`
const somebody = (login: string) => ({
  login,
  name: login,
  groups: [],
  shell: '/bin/bash',
  password: PASSWORD,
})

async function three(
  t: ExecutionContext,
): Promise<Replicas & { readonly at: (ordinal: number) => OwnSlapd }> {
  const replicas = await slapdReplicas(3)
  t.teardown(replicas.down)
  const at = (ordinal: number): OwnSlapd => {
    const server = replicas.servers[ordinal]
    if (!server) throw new Error(`there is no server ${ordinal}`)
    return server
  }
  return { ...replicas, at }
}

async function administer<T>(server: OwnSlapd, task: (directory: Directory) => Promise<T>): Promise<T> {
  const directory = directoryOf(server.ldap, 'admin')
  try {
    return await task(directory)
  } finally {
    await directory.close()
  }
}

const add = (server: OwnSlapd, login: string): Promise<number> =>
  administer(server, (directory) => addPerson(directory, somebody(login)))

const isThere = async (server: OwnSlapd, login: string): Promise<boolean> =>
  (await contentOf(server))[dnOf(login)] !== undefined

test.serial(
  'servers that begin empty, all at once, hold one tree; what is written at one, all have',
  async (t) => {
    const { servers, at } = await three(t)
    const seed = await sameContent(servers)
    t.truthy(seed[`cn=next-uid,ou=policies,${BASE}`]?.entryUUID)
    await add(at(0), 'ada')
    await add(at(0), 'bob')
    await administer(at(0), (directory) => removePerson(directory, 'bob'))
    const all = await sameContent(
      servers,
      (content) => dnOf('ada') in content && !(dnOf('bob') in content) && !isMember(content, 'bob'),
    )
    t.true(isMember(all, 'ada'))
    t.regex(String(all[dnOf('ada')]?.userPassword), /^\{ARGON2\}/)
    for (const server of servers) {
      t.true(await letsIn(server, { dn: dnOf('ada'), password: PASSWORD }))
      t.false(await letsIn(server, { dn: dnOf('ada'), password: 'a wrong password' }))
    }
  },
)

const isMember = (content: Awaited<ReturnType<typeof contentOf>>, login: string): boolean =>
  content[`cn=people,ou=groups,${BASE}`]?.member?.includes(dnOf(login)) ?? false

test.serial(
  'one that is killed during writes comes back and has them all; so has each when the one that wrote is killed',
  async (t) => {
    const { servers, at } = await three(t)
    const logins = Array.from({ length: 30 }, (_, n) => `p${n}`)
    for (const [n, login] of logins.entries()) {
      if (n === 10) await at(2).stop('SIGKILL')
      if (n === 20) await at(2).start()
      await add(at(0), login)
    }
    await sameContent(servers, (content) => logins.every((login) => dnOf(login) in content))
    const kept: string[] = []
    const writing = (async () => {
      for (let n = 0; ; n++) {
        await add(at(0), `q${n}`)
        if (await isThere(at(1), `q${n}`)) kept.push(`q${n}`)
      }
    })()
    await eventually('some are added', () => kept.length > 5)
    await at(0).stop('SIGKILL')
    await t.throwsAsync(writing, { instanceOf: DirectoryError })
    const rest = await sameContent([at(1), at(2)])
    for (const login of kept) t.true(dnOf(login) in rest, login)
    await t.throwsAsync(add(at(1), 'nobody'), { instanceOf: DirectoryError }, 'it takes no writes yet')
    await takeWrites(at(1).ldap.socket, true)
    await add(at(1), 'afterwards')
    await at(0).start()
    await sameContent(servers, (content) => [...kept, 'afterwards'].every((login) => dnOf(login) in content))
  },
)

test.serial(
  'one that was cut off catches up; one that lost everything refills; nobody does anything',
  async (t) => {
    const { servers, at, cut, mend, empty } = await three(t)
    await add(at(0), 'ada')
    await sameContent(servers, (content) => dnOf('ada') in content)
    cut(2)
    await add(at(0), 'bob')
    await administer(at(0), (directory) => removePerson(directory, 'ada'))
    await sameContent([at(0), at(1)], (content) => dnOf('bob') in content && !(dnOf('ada') in content))
    t.true(await isThere(at(2), 'ada'), 'it is cut off')
    mend(2)
    const before = await sameContent(
      servers,
      (content) => dnOf('bob') in content && !(dnOf('ada') in content),
    )
    await empty(2)
    t.deepEqual(await sameContent(servers, (content) => dnOf('bob') in content), before)
    // Also the first, which gave the numbers: the seed that it lays down anew overrides nothing.
    await empty(0)
    t.deepEqual(await sameContent(servers, (content) => dnOf('bob') in content), before)
    t.true((await add(at(0), 'carl')) > 10_001)
  },
)

test.serial(
  'a lock at one is one at each, whatever is guessed meanwhile at one that is cut off',
  async (t) => {
    const { servers, at, cut, mend } = await three(t)
    const ada = { dn: dnOf('ada'), password: PASSWORD }
    await add(at(0), 'ada')
    await sameContent(servers, (content) => dnOf('ada') in content)
    cut(2)
    await administer(at(0), (directory) => setPassword(directory, 'ada', 'another horse battery'))
    await administer(at(0), (directory) => setLock(directory, 'ada', true))
    for (let n = 0; n < 3; n++) t.false(await letsIn(at(2), { ...ada, password: `guess ${n}` }))
    mend(2)
    await sameContent(servers, (content) => content[ada.dn]?.pwdAccountLockedTime !== undefined)
    for (const server of servers) {
      t.false(await letsIn(server, ada))
      t.false(await letsIn(server, { ...ada, password: 'another horse battery' }))
    }
    await administer(at(0), (directory) => setLock(directory, 'ada', false))
    await sameContent(servers, (content) => content[ada.dn]?.pwdAccountLockedTime === undefined)
    for (const server of servers) {
      t.false(await letsIn(server, ada))
      t.true(await letsIn(server, { ...ada, password: 'another horse battery' }))
    }
  },
)

test.serial('the servers’ own account reads everything and writes nothing', async (t) => {
  const { ldap } = (await three(t)).at(0)
  const address = { url: ldap.url, ca: readFileSync(ldap.caFile, 'utf8') }
  const password = readFileSync(ldap.replicaPasswordFile, 'utf8')
  const client = await connect(address, { dn: ldap.replicaDN, password })
  t.teardown(() => client.unbind())
  const edits = [{ operation: 'replace', attribute: 'description', values: ['mine'] }] as const
  for (const change of [
    ...[BASE, ldap.replicaDN, `cn=next-uid,ou=policies,${BASE}`].map(
      (dn) => ({ kind: 'modify', dn, edits }) as const,
    ),
    { kind: 'delete', dn: `cn=administrators,ou=groups,${BASE}` } as const,
    { kind: 'password', dn: ldap.adminDN, password: 'a password of mine' } as const,
  ]) {
    const refused = await t.throwsAsync(apply(client, change), { instanceOf: DirectoryError })
    t.is(refused?.problem, 'notAllowed', change.dn)
  }
})

test.serial('a server that does not show the name by which it was called is not read', async (t) => {
  const { servers, at, as } = await three(t)
  await at(2).stop()
  await add(at(0), 'ada')
  // The same servers at an address that their certificate does not bear.
  const lines = await Promise.all(
    servers.map(({ ldap }) => lineTo(Number(new URL(ldap.url).port), '127.0.0.2')),
  )
  t.teardown(() => lines.forEach((line) => void line.end()))
  await at(2).start({ ...as(2), peers: lines.map(({ port }) => `ldaps://127.0.0.2:${port}`) })
  await t.throwsAsync(eventually('it has read them', () => isThere(at(2), 'ada'), { seconds: 5 }))
  await at(2).stop()
  await at(2).start()
  await sameContent(servers, (content) => dnOf('ada') in content)
})

test.serial('nobody is added before a second server knows that their number is taken', async (t) => {
  const { servers, at, cut, mend } = await three(t)
  const directories = servers.map(({ ldap }) => directoryOf(ldap, 'admin'))
  t.teardown(async () => {
    for (const directory of directories) await directory.close()
  })
  const [writer, ...others] = directories
  if (!writer) return t.fail()
  const confirm = confirmBy(writer, others, 3_000)
  t.is(await addPerson(writer, somebody('ada'), confirm), 10_000)
  await t.notThrowsAsync(confirm('ada is added'))
  await at(2).stop()
  t.is(await addPerson(writer, somebody('bob'), confirm), 10_001)
  cut(0)
  const refused = await t.throwsAsync(addPerson(writer, somebody('carl'), confirm), {
    instanceOf: DirectoryError,
  })
  t.is(refused?.problem, 'unconfirmed')
  t.regex(refused?.message ?? '', /nobody was added/)
  t.false(await isThere(at(0), 'carl'))
  await setLock(writer, 'ada', true)
  await t.throwsAsync(confirm('ada is locked'), { message: /ada is locked, but no second server has that/ })
  mend(0)
  await t.notThrowsAsync(confirmBy(writer, others, 60_000)('ada is locked'))
  t.is(await addPerson(writer, somebody('carl'), confirm), 10_003)
})

test.serial(
  'a person’s own new password is written where writes are taken, and lets them in everywhere',
  async (t) => {
    const { servers, at } = await three(t)
    await add(at(0), 'ada')
    await sameContent(servers, (content) => dnOf('ada') in content)
    const { url, baseDN, caFile, readerDN: bindDN, readerPasswordFile: passwordFile } = at(1).ldap
    const reader = { url, baseDN, caFile, bindDN, passwordFile }
    const people = openPeople({ ...reader, writerUrl: at(0).ldap.url })
    t.teardown(people.close)
    const changed = await people.changePassword('ada', PASSWORD, 'another horse battery')
    const there = (await contentOf(at(0)))[dnOf('ada')]?.pwdChangedTime?.[0]
    t.deepEqual(changed, { changed: true, passwordSet: there })
    await eventually('it lets her in at the others', async () => {
      const account = { dn: dnOf('ada'), password: 'another horse battery' }
      return (await letsIn(at(1), account)) && (await letsIn(at(2), account))
    })
    const misled = openPeople({ ...reader, writerUrl: url })
    t.teardown(misled.close)
    const refused = await t.throwsAsync(misled.changePassword('ada', 'another horse battery', PASSWORD), {
      instanceOf: DirectoryError,
    })
    t.is(refused?.problem, 'notTheWriter')
  },
)

test.serial(
  'a server whose PC has just died is still behind the address: people log in all the same',
  async (t) => {
    const { servers, at } = await three(t)
    await add(at(0), 'ada')
    await sameContent(servers, (content) => dnOf('ada') in content)
    // As a Service: each connection leads to the next server. The first died without a word.
    const ports = servers.map(({ ldap }) => Number(new URL(ldap.url).port))
    let turn = 0
    const service = createServer((near) => {
      const to = turn++ % ports.length
      near.on('error', () => {})
      if (to === 0) return
      const far = dial(ports[to] ?? 0, '127.0.0.1')
      far.on('error', () => near.destroy())
      near.on('close', () => far.destroy())
      near.pipe(far).pipe(near)
    })
    await new Promise<void>((done) => service.listen(0, '127.0.0.1', done))
    t.teardown(() => void service.close())
    const address = service.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const { ldap } = at(1)
    const people = openPeople({
      url: `ldaps://127.0.0.1:${port}`,
      writerUrl: ldap.url,
      baseDN: BASE,
      caFile: ldap.caFile,
      bindDN: ldap.readerDN,
      passwordFile: ldap.readerPasswordFile,
    })
    t.teardown(people.close)
    for (let n = 0; n < 4; n++) t.like(await people.login('ada', PASSWORD), { account: { login: 'ada' } })
  },
)

test.serial('from one to three and back to one, and to three again, nobody is lost', async (t) => {
  const { servers, at, as } = await three(t)
  const stop = async (...ordinals: number[]) => {
    for (const ordinal of ordinals) await at(ordinal).stop()
  }
  const alone = { ordinal: 0, peers: [] }
  await add(at(0), 'ada')
  await sameContent(servers, (content) => dnOf('ada') in content)
  await stop(0, 1, 2)
  await at(0).start(alone)
  t.is(await add(at(0), 'bob'), 10_001)
  await stop(0)
  for (const ordinal of [0, 1, 2]) await at(ordinal).start(as(ordinal))
  await sameContent(servers, (content) => dnOf('ada') in content && dnOf('bob') in content)
  t.is(await add(at(0), 'carl'), 10_002)
  const before = await sameContent(servers, (content) => dnOf('carl') in content)
  await stop(0, 1, 2)
  await at(0).start(alone)
  t.deepEqual(await contentOf(at(0)), before)
  for (const login of ['ada', 'bob', 'carl'])
    t.true(await letsIn(at(0), { dn: dnOf(login), password: PASSWORD }))
})
