import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import test from 'ava'
import { newAuthority } from '../../certificates/authority.ts'
import type { Pair } from '../../certificates/issue.ts'
import { newLeaf } from '../../certificates/leaf.ts'
import { connect, hangUp } from '../../directory/connect.ts'
import { addPerson } from '../../directory/people.ts'
import { trustAnew } from '../../directory/socket.ts'
import { directoryOf, type OwnSlapd, ownSlapd, reachOf } from '../harness/slapd.ts'
import { contentOf, slapdReplicas } from '../harness/slapd-replicas.ts'
import { eventually } from '../harness/wait.ts'

/** A slapd that runs takes up what is mounted anew: leaves, and authorities. */

const now = () => new Date()
const leafOf = (authority: Pair) => newLeaf(authority, ['localhost', '127.0.0.1'], now())
const folderOf = ({ ldap }: OwnSlapd) => dirname(ldap.caFile)
const lay = (slapd: OwnSlapd, files: Readonly<Record<string, string>>) => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folderOf(slapd), name), text)
}
const own = (slapd: OwnSlapd): Pair => ({
  certificate: `${readFileSync(slapd.ldap.caFile, 'utf8').trim()}\n`,
  key: readFileSync(join(folderOf(slapd), 'ca.key'), 'utf8'),
})

/** The certificate that it shows, whoever vouches for it. */
const shown = ({ ldap }: OwnSlapd): Promise<X509Certificate | undefined> =>
  new Promise((done) => {
    const { hostname: host, port } = new URL(ldap.url)
    const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false }, () => {
      done(socket.getPeerX509Certificate())
      socket.destroy()
    })
    socket.once('error', () => done(undefined))
  })
const shows = (slapd: OwnSlapd, { certificate }: Pair) =>
  eventually('it shows the new certificate', async () => {
    const seen = await shown(slapd)
    return seen?.fingerprint256 === new X509Certificate(certificate).fingerprint256
  })

/** Somebody who comes again and again, and trusts whom the others tell them to. */
function steadyLogins(slapd: OwnSlapd) {
  const { address, account } = reachOf(slapd.ldap, 'reader')
  let trusted = own(slapd).certificate
  let done = 0
  const failures: string[] = []
  let ended = false
  const caller = async () => {
    while (!ended) {
      await connect({ ...address, ca: trusted }, account).then(
        async (client) => {
          done++
          await hangUp(client)
        },
        (error: Error) => failures.push(error.message),
      )
      await sleep(10)
    }
  }
  const calling = Promise.all([caller(), caller()])
  return {
    trust: (authorities: string) => {
      trusted = authorities
    },
    failures: () => failures,
    async more() {
      const before = done + failures.length
      await eventually('some more came', () => done + failures.length > before + 10)
    },
    async end() {
      ended = true
      await calling
    },
  }
}

test('leaves and authorities change under a stream of logins: none fails, and who is in stays in', async (t) => {
  const slapd = await ownSlapd()
  t.teardown(slapd.down)
  const logins = steadyLogins(slapd)
  t.teardown(logins.end)
  const { address, account } = reachOf(slapd.ldap, 'reader')
  const inside = await connect(address, account)
  const before = own(slapd)
  const after = await newAuthority({ name: 'Deskfleet lab directory' }, now())
  const both = before.certificate + after.certificate

  const renewed = await leafOf(before)
  lay(slapd, { 'tls.key': renewed.key, 'tls.crt': renewed.certificate })
  await shows(slapd, renewed)
  await logins.more()
  lay(slapd, { 'ca.crt': both })
  logins.trust(both)
  await logins.more()
  const leaf = await leafOf(after)
  lay(slapd, { 'tls.key': leaf.key, 'tls.crt': leaf.certificate })
  await shows(slapd, leaf)
  lay(slapd, { 'ca.crt': after.certificate })
  logins.trust(after.certificate)
  await logins.more()
  lay(slapd, { 'tls.crt': 'nothing that anybody understands' })
  await sleep(2_500)
  await logins.more()
  lay(slapd, { 'tls.key': renewed.key, 'tls.crt': leaf.certificate })
  await sleep(2_500)
  await logins.more()
  t.deepEqual(logins.failures(), [])
  t.is((await inside.search(slapd.ldap.baseDN, { scope: 'base' })).searchEntries.length, 1)
  await hangUp(inside)

  const foreign = await leafOf(await newAuthority({ name: 'nobody was told of it' }, now()))
  lay(slapd, { 'tls.key': foreign.key, 'tls.crt': foreign.certificate })
  await eventually('without an overlap logins do fail', () => logins.failures().length > 0)
  t.regex(logins.failures()[0] ?? '', /certificate/)
})

test('servers that read each other follow another authority, and who takes writes stays who it was', async (t) => {
  const replicas = await slapdReplicas(2)
  t.teardown(replicas.down)
  const [writer, other] = replicas.servers
  if (!writer || !other) return t.fail('two were asked for')
  const add = async (login: string, to: OwnSlapd) => {
    const directory = directoryOf(to.ldap, 'admin')
    const person = { login, name: login, groups: [], shell: '/bin/bash', password: 'correct horse battery' }
    await addPerson(directory, person).finally(directory.close)
  }
  const has = (login: string) =>
    eventually(`the other one has ${login}`, async () =>
      Object.keys(await contentOf(other)).some((dn) => dn.startsWith(`uid=${login},`)),
    )
  const after = await newAuthority({ name: 'Deskfleet lab directory' }, now())
  const both = own(writer).certificate + after.certificate
  const told = (one: OwnSlapd) => trustAnew(one.ldap.socket, one === writer)
  for (const one of replicas.servers) {
    t.false(await told(one), 'nothing is news at first')
    lay(one, { 'ca.crt': both })
    await eventually('it is told', () => told(one))
  }
  const leaf = await leafOf(after)
  for (const one of replicas.servers) {
    lay(one, { 'tls.key': leaf.key, 'tls.crt': leaf.certificate })
    await shows(one, leaf)
  }
  replicas.cut(1)
  replicas.mend(1)
  await add('ada', writer)
  await has('ada')
  await t.throwsAsync(add('bob', other), { message: /another server takes the writes/ })
  for (const one of replicas.servers) t.false(await told(one), 'another leaf is no news')
})
