import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { connect, createServer as createTlsServer } from 'node:tls'
import { AdmissionregistrationV1Api, CoreV1Api, KubeConfig } from '@kubernetes/client-node'
import test from 'ava'
import { pino } from 'pino'
import { addCertificateCommands } from '../../certificates/command/certificates.ts'
import type { Pair } from '../../certificates/issue.ts'
import { startKeeper } from '../../certificates/keeper/service.ts'
import { readCaller, readKept } from '../../certificates/read.ts'
import { runCommandLine } from '../../cli/run.ts'
import { CALLER_NAMES, DIRECTORY_NAMES, WEBHOOK_NAMES } from '../../config/certificate-names.ts'
import { AUTHORITY, LDAP, NAMESPACES, WEBHOOK } from '../../config/names.ts'
import { connect as connectLdap, hangUp } from '../../directory/connect.ts'
import { startCertManager } from '../../lab/bare/cert-manager.ts'
import { applyFolder } from '../../lab/manifests/apply.ts'
import { renderWith } from '../../lab/manifests/render.ts'
import { openService } from '../../service/service.ts'
import { MODERN, provenPeer } from '../../service/tls.ts'
import { keptTerminal } from '../cli/terminal.ts'
import { must, type OwnLab, ownLab } from '../harness/lab.ts'
import { ownProgram } from '../harness/program-context.ts'
import { ownSlapd, reachOf } from '../harness/slapd.ts'
import { eventually } from '../harness/wait.ts'

/** A real cert-manager vouches inside, by the issuer that docs/secrets.md shows and by what the charts render for it. */

const { system, directory } = NAMESPACES
const PLACES = {
  webhook: { namespace: system, name: AUTHORITY.webhookSecret },
  caller: { namespace: system, name: AUTHORITY.callerSecret },
  directory: { namespace: directory, name: LDAP.tlsSecret },
} as const

let own: OwnLab
let core: CoreV1Api
let dist: string

test.before(async (t) => {
  t.timeout(900_000, 'the first time, cert-manager is built')
  own = await ownLab()
  core = own.kubeConfig.makeApiClient(CoreV1Api)
  await startCertManager(own.lab)
  const page = readFileSync(join(import.meta.dirname, '../../docs/secrets.md'), 'utf8')
  const shown = /```yaml\n(# Authority[\s\S]+?)```/.exec(page)?.[1]
  if (shown === undefined) throw new Error('docs/secrets.md shows no issuer')
  const applied = await own.lab.run(['apply', '--server-side', '-f', '-'], { input: shown })
  if (applied.code !== 0) throw new Error(applied.stderr)
  dist = join(own.lab.dir, 'dist')
  renderWith('certificates:\n  issuer: room\n', dist)
  for (const app of ['namespaces', 'secrets', 'identity', 'certificates', 'webhook']) {
    const complaints = await applyFolder(own.lab, join(dist, app))
    if (complaints.length > 0) throw new Error(complaints.join('\n'))
  }
})
test.after.always(() => own?.end())

const textOf = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString()
const authorityIn = async (place: { namespace: string; name: string }): Promise<string> =>
  textOf((await core.readNamespacedSecret(place)).data?.['ca.crt'])

const bundle = async (): Promise<string> => {
  const api = own.kubeConfig.makeApiClient(AdmissionregistrationV1Api)
  const { webhooks } = await api.readMutatingWebhookConfiguration({ name: WEBHOOK.configuration })
  return textOf(webhooks?.[0]?.clientConfig?.caBundle)
}

const isThere = (work: () => Promise<unknown>): Promise<boolean> =>
  work().then(
    () => true,
    () => false,
  )

test.serial('its Secrets are what our programs read, with the names that they are called by', async (t) => {
  for (const place of Object.values(PLACES))
    await eventually(`${place.name} is there`, () => isThere(() => readKept(core, place)), { seconds: 60 })
  const caller = await readCaller(core, PLACES.caller)
  for (const [place, names] of [
    [PLACES.webhook, WEBHOOK_NAMES],
    [PLACES.caller, CALLER_NAMES],
    [PLACES.directory, DIRECTORY_NAMES.filter((name) => name !== '127.0.0.1')],
  ] as const) {
    const { certificate } = await readKept(core, place)
    const leaf = new X509Certificate(certificate)
    t.true(leaf.verify(new X509Certificate(caller.authority).publicKey), place.name)
    t.is(await authorityIn(place), caller.authority)
    for (const name of names)
      t.truthy(leaf.checkHost(name.replace('*', 'ldap-1'), { subject: 'never' }), name)
    const days = (leaf.validToDate.getTime() - leaf.validFromDate.getTime()) / 86_400_000
    t.is(Math.round(days), 365)
  }
  t.truthy(new X509Certificate((await readKept(core, PLACES.directory)).certificate).checkIP('127.0.0.1'))
})

test.serial('the webhook is trusted by what is put into its configuration', async (t) => {
  const trusted = await authorityIn(PLACES.webhook)
  await eventually('caBundle is there', async () => (await bundle()) === trusted)
  const { certificate, key } = await readKept(core, PLACES.webhook)
  const server = createServer({ cert: certificate, key, minVersion: 'TLSv1.3' })
  t.teardown(() => void server.close())
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const ca = await bundle()
  const outcome = await new Promise<string>((done) => {
    const socket = connect({ host: '127.0.0.1', port, servername: WEBHOOK_NAMES[0], ca }, () => {
      socket.destroy()
      done('trusted')
    })
    socket.once('error', (error) => done(error.message))
  })
  t.is(outcome, 'trusted')
  // Delivery applies what it renders again and again, and takes nothing of it away.
  await applyFolder(own.lab, join(dist, 'webhook'))
  t.is(await bundle(), ca)
})

test.serial('bridges know the gateway by what it is called by, and nobody else', async (t) => {
  const { authority, ...caller } = await readCaller(core, PLACES.caller)
  const webhook = await readKept(core, PLACES.webhook)
  const server = createTlsServer({
    ...MODERN,
    cert: webhook.certificate,
    key: webhook.key,
    ca: authority,
    requestCert: true,
    rejectUnauthorized: false,
  })
  t.teardown(() => void server.close())
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const known = async ({ certificate, key }: Pair): Promise<boolean> => {
    const seen = once(server, 'secureConnection')
    const options = { host: '127.0.0.1', port, servername: WEBHOOK_NAMES[0], ca: authority }
    const socket = connect({ ...options, cert: certificate, key })
    const [peer] = await seen
    const shown = provenPeer(peer)
    socket.destroy()
    return shown?.checkHost(CALLER_NAMES[0], { subject: 'never' }) !== undefined
  }
  t.true(await known(caller))
  t.false(await known(webhook), 'it is for serving, and for another name')
})

test.serial('a real slapd serves with it', async (t) => {
  const slapd = await ownSlapd()
  t.teardown(slapd.down)
  const { data } = await core.readNamespacedSecret(PLACES.directory)
  const folder = dirname(slapd.ldap.caFile)
  for (const item of ['tls.key', 'tls.crt', 'ca.crt']) writeFileSync(join(folder, item), textOf(data?.[item]))
  const { address, account } = reachOf(slapd.ldap, 'reader')
  const ca = textOf(data?.['ca.crt'])
  const trusted = () => isThere(async () => hangUp(await connectLdap({ ...address, ca }, account)))
  await eventually('it is trusted', trusted)
  t.true(await trusted())
})

/** The keeper as its own account, with the rights that are rendered for that setting. */
async function keeper(keepsInside: boolean) {
  const account = new KubeConfig()
  account.loadFromFile(await own.lab.actAs(system, AUTHORITY.keeper))
  const settings = {
    metricsListen: { host: '127.0.0.1', port: 0 },
    doorNames: ['desk.room.example.org'],
    serviceNames: [],
    webhookNames: [],
    keepsInside,
    keepsPool: false,
    look: 300,
    rotation: { soak: 600_000, settle: 600_000 },
  }
  const program = ownProgram(settings, pino({ level: 'silent' }), 'keeper')
  const context = await openService(program.context)
  const running = startKeeper(context, account)
  return {
    ready: async () => (await fetch(`http://127.0.0.1:${context.metricsPort}/readyz`)).ok,
    async end() {
      await program.end()
      await running
    },
  }
}

async function command(...args: string[]) {
  const { terminal, said } = keptTerminal()
  const line = { name: 'deskfleet', about: '', examples: [], commands: [addCertificateCommands] }
  const all = ['certificates', ...args, '--kubeconfig', own.lab.kubeconfig]
  return { code: await runCommandLine(line, all, terminal), ...said }
}

test.serial('the keeper keeps the door alone, and may read nothing inside', async (t) => {
  const door = await keeper(false)
  await eventually('it is ready', door.ready)
  await t.notThrowsAsync(readKept(core, { namespace: system, name: AUTHORITY.gatewaySecret }))
  t.false(await isThere(() => core.readNamespacedSecret({ namespace: system, name: AUTHORITY.secret })))
  t.false(await isThere(() => core.readNamespacedConfigMap({ namespace: system, name: AUTHORITY.configMap })))
  await door.end()
  const kubeconfig = await own.lab.actAs(system, AUTHORITY.keeper)
  for (const { namespace, name } of Object.values(PLACES)) {
    const may = await own.lab.run(['auth', 'can-i', 'get', `secrets/${name}`, '-n', namespace], {
      kubeconfig,
    })
    t.is(may.stdout.trim(), 'no', name)
  }
})

test.serial('the command says who vouches inside, and leaves it to cert-manager', async (t) => {
  const status = await command('status')
  t.is(status.code, 0)
  t.regex(status.stdout, /by cert-manager, ClusterIssuer room/)
  t.regex(status.stdout, /slapd/)
  const rotate = await command('rotate', 'inside')
  t.is(rotate.code, 1)
  t.regex(rotate.stderr, /the ClusterIssuer room of cert-manager: change it there/)
})

test.serial('a Secret that is deleted comes back, by the same authority', async (t) => {
  const before = await readKept(core, PLACES.webhook)
  const trusted = await bundle()
  await core.deleteNamespacedSecret(PLACES.webhook)
  await eventually('it is back', () => isThere(() => readKept(core, PLACES.webhook)), { seconds: 60 })
  t.not((await readKept(core, PLACES.webhook)).certificate, before.certificate)
  await eventually('it is trusted', async () => (await bundle()) === trusted)
})

test.serial(
  'back to the keeper: it makes all of it anew, and nothing says cert-manager any more',
  async (t) => {
    renderWith('{}', dist)
    for (const { namespace, name } of Object.values(PLACES))
      await must(own.lab, ['delete', 'certificates.cert-manager.io', name, '-n', namespace])
    for (const app of ['certificates', 'webhook']) await applyFolder(own.lab, join(dist, app))
    const both = await keeper(true)
    await eventually('it is ready', both.ready)
    const { authority } = await readCaller(core, PLACES.caller)
    const inside = await core.readNamespacedSecret({ namespace: system, name: AUTHORITY.secret })
    t.is(authority.trim(), textOf(inside.data?.['tls.crt']).trim())
    await eventually('the webhook is trusted', async () => (await bundle()).trim() === authority.trim())
    t.notRegex((await command('status')).stdout, /cert-manager/)
    await both.end()
  },
)

test.serial('and to cert-manager, over what the keeper has laid there', async (t) => {
  const { authority: before } = await readCaller(core, PLACES.caller)
  renderWith('certificates:\n  issuer: room\n', dist)
  for (const app of ['certificates', 'webhook']) await applyFolder(own.lab, join(dist, app))
  for (const place of Object.values(PLACES))
    await eventually(`${place.name} is cert-manager’s`, async () => (await authorityIn(place)) !== before)
  const after = await authorityIn(PLACES.webhook)
  // cainjector lays it beside what is there, so that the webhook's former certificate is trusted, too.
  await eventually('the webhook is trusted', async () => (await bundle()).includes(after.trim()))
  t.true((await bundle()).includes(before.trim()))
  t.regex((await command('status')).stdout, /by cert-manager, ClusterIssuer room/)
})
