import { X509Certificate } from 'node:crypto'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import {
  AdmissionregistrationV1Api,
  CoreV1Api,
  KubeConfig,
  RbacAuthorizationV1Api,
} from '@kubernetes/client-node'
import test from 'ava'
import { pino } from 'pino'
import { newAuthority } from '../../../certificates/authority.ts'
import { addCertificateCommands } from '../../../certificates/command/certificates.ts'
import { startKeeper } from '../../../certificates/keeper/service.ts'
import { runCommandLine } from '../../../cli/run.ts'
import { ROTATION } from '../../../config/labels.ts'
import { AUTHORITY, LDAP, NAMESPACES, WEBHOOK } from '../../../config/names.ts'
import { applyFolder } from '../../../lab/manifests/apply.ts'
import { openService } from '../../../service/service.ts'
import { keptTerminal } from '../../cli/terminal.ts'
import { type OwnLab, ownLab } from '../../harness/lab.ts'
import { type OwnProgram, ownProgram } from '../../harness/program-context.ts'
import { eventually } from '../../harness/wait.ts'
import { steadyAdmissions } from './admissions.ts'
import { steadyVisitors } from './visitors.ts'

/** An own lab, in which nobody else keeps these Secrets. The keeper acts as its own account, with the rights of `dist/`. */

const root = join(import.meta.dirname, '..', '..', '..')
const { system, directory } = NAMESPACES
const HOST = 'desk.room.example.org'

let own: OwnLab
let api: CoreV1Api
let registrations: AdmissionregistrationV1Api
let account: KubeConfig

test.before(async () => {
  own = await ownLab()
  api = own.kubeConfig.makeApiClient(CoreV1Api)
  registrations = own.kubeConfig.makeApiClient(AdmissionregistrationV1Api)
  for (const app of ['namespaces', 'secrets', 'certificates', 'identity', 'webhook']) {
    const complaints = await applyFolder(own.lab, join(root, 'dist', app))
    if (complaints.length > 0) throw new Error(complaints.join('\n'))
  }
  account = new KubeConfig()
  account.loadFromFile(await own.lab.actAs(system, AUTHORITY.keeper))
})
test.after.always(() => own?.end())

interface Keeping {
  readonly log: readonly string[]
  ready(): Promise<boolean>
  end(): Promise<void>
}

/** Ms: a room in which nobody takes long to hear of anything. */
const QUICK = { look: 300, rotation: { soak: 2_000, settle: 2_000 } }
const USUAL = { look: 10_000, rotation: { soak: 600_000, settle: 600_000 } }

async function keeper(
  doorNames: readonly string[] = [HOST, '192.0.2.10'],
  times: typeof USUAL = USUAL,
  serviceNames: readonly string[] = [`wiki.${HOST}`],
): Promise<Keeping> {
  const log: string[] = []
  const metricsListen = { host: '127.0.0.1', port: 0 }
  const settings = {
    metricsListen,
    doorNames,
    serviceNames,
    webhookNames: ['127.0.0.1'],
    keepsInside: true,
    keepsPool: false,
    ...times,
  }
  const logger = pino({}, { write: (line: string) => void log.push(line) })
  const program: OwnProgram<typeof settings> = ownProgram(settings, logger, 'keeper')
  const context = await openService(program.context)
  const running = startKeeper(context, account)
  return {
    log,
    ready: async () => (await fetch(`http://127.0.0.1:${context.metricsPort}/readyz`)).ok,
    async end() {
      await program.end()
      await running
    },
  }
}

async function kept(): Promise<Record<string, { certificate: string; key: string }>> {
  const names = [
    ...Object.entries(AUTHORITY)
      .filter(([what]) => what.endsWith('Secret') || what === 'secret')
      .map(([, name]) => ({ namespace: system, name })),
    { namespace: directory, name: LDAP.tlsSecret },
  ]
  const decode = (text: string | undefined) => Buffer.from(text ?? '', 'base64').toString()
  const found = await Promise.all(
    names.map(async (place) => {
      const { data } = await api.readNamespacedSecret(place)
      return [place.name, { certificate: decode(data?.['tls.crt']), key: decode(data?.['tls.key']) }] as const
    }),
  )
  return Object.fromEntries(found)
}

const bundle = async () => {
  const { webhooks } = await registrations.readMutatingWebhookConfiguration({ name: WEBHOOK.configuration })
  return Buffer.from(webhooks?.[0]?.clientConfig?.caBundle ?? '', 'base64').toString()
}

test.serial(
  'in an empty cluster everything is made, two at once make one set, and no key is logged',
  async (t) => {
    const [one, other] = await Promise.all([keeper(), keeper()])
    await eventually('both are ready', async () => (await one.ready()) && (await other.ready()))
    const first = await kept()
    t.is(Object.keys(first).length, 8)
    await eventually(
      'the webhook is trusted',
      async () => (await bundle()) === first[AUTHORITY.secret]?.certificate,
    )
    await Promise.all([one.end(), other.end()])
    const again = await keeper()
    await eventually('it is ready again', again.ready)
    await again.end()
    t.deepEqual(await kept(), first)
    const logged = [...one.log, ...other.log, ...again.log].join('')
    for (const { key } of Object.values(first)) t.false(logged.includes(key.split('\n')[1] ?? key))
  },
)

test.serial(
  'who trusts the root alone, as people’s machines do, trusts what the gateway serves',
  async (t) => {
    const { data } = await api.readNamespacedConfigMap({
      namespace: system,
      name: AUTHORITY.doorRootConfigMap,
    })
    const { certificate, key } = (await kept())[AUTHORITY.gatewaySecret] ?? { certificate: '', key: '' }
    const server = createServer({ cert: certificate, key })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as AddressInfo
    const trusted = (ca: string | undefined) =>
      new Promise<boolean>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port, servername: HOST, ca }, () => {
          socket.destroy()
          resolve(true)
        })
        socket.once('error', () => resolve(false))
      })
    t.true(await trusted(data?.['ca.crt']))
    t.false(
      await trusted((await kept())[AUTHORITY.secret]?.certificate),
      'the other authority is not trusted',
    )
    server.close()
  },
)

test.serial(
  'what is removed comes back within seconds; authorities that stand are not touched',
  async (t) => {
    const before = await kept()
    const running = await keeper()
    await eventually('it is ready', running.ready)
    for (const name of [AUTHORITY.webhookSecret, AUTHORITY.doorSecret])
      await api.deleteNamespacedSecret({ namespace: system, name })
    await eventually('all are there', () => kept().catch(() => undefined), { seconds: 40 })
    await eventually('the gateway has one of the new authority', async () => {
      const now = await kept()
      const { certificate = '' } = now[AUTHORITY.gatewaySecret] ?? {}
      return certificate.endsWith(now[AUTHORITY.doorSecret]?.certificate ?? 'none')
    })
    await running.end()
    const after = await kept()
    for (const name of [AUTHORITY.secret, AUTHORITY.doorRootSecret])
      t.deepEqual(after[name], before[name], name)
    for (const name of [AUTHORITY.webhookSecret, AUTHORITY.doorSecret, AUTHORITY.gatewaySecret])
      t.notDeepEqual(after[name], before[name], name)
  },
)

test.serial('a room of another name is told, the root stays, and the inside goes on', async (t) => {
  const before = await kept()
  const running = await keeper(['desk.other.example'])
  await eventually('it is told', () =>
    running.log.some((line) => /and the room is now desk\.other\.example/.test(line)),
  )
  t.false(await running.ready())
  await api.deleteNamespacedSecret({ namespace: system, name: AUTHORITY.webhookSecret })
  await eventually('the inside goes on', () => kept().catch(() => undefined), { seconds: 30 })
  await running.end()
  const after = await kept()
  for (const name of [AUTHORITY.doorRootSecret, AUTHORITY.doorSecret, AUTHORITY.gatewaySecret])
    t.deepEqual(after[name], before[name], name)
})

test.serial(
  'a service that comes is on the certificate within seconds, by the authority of the door',
  async (t) => {
    const names = ['board', 'wiki'].map((service) => `${service}.${HOST}`)
    const running = await keeper([HOST, '192.0.2.10'], USUAL, names)
    await eventually('both names are on it', async () => {
      const { [AUTHORITY.ingressSecret]: shown } = await kept()
      const certificate = new X509Certificate(shown?.certificate ?? '')
      return names.every((name) => certificate.checkHost(name, { subject: 'never' }) === name)
    })
    const { [AUTHORITY.ingressSecret]: shown, [AUTHORITY.doorSecret]: between } = await kept()
    t.true(shown?.certificate.endsWith(between?.certificate ?? 'none'))
    t.is(new X509Certificate(shown?.certificate ?? '').checkHost(HOST), undefined, 'and not the door’s own')
    await running.end()
  },
)

test.serial('a new address is left out and told; the host goes on', async (t) => {
  const running = await keeper([HOST, '192.0.2.11'])
  await eventually('it is told', () => running.log.some((line) => /does not cover 192\.0\.2\.11/.test(line)))
  t.true(await running.ready())
  await running.end()
})

test.serial('its account may change nothing of the webhook but the bundle', async (t) => {
  const client = account.makeApiClient(AdmissionregistrationV1Api)
  const patch = (path: string, value: unknown) =>
    client.patchMutatingWebhookConfiguration({
      name: WEBHOOK.configuration,
      body: [{ op: 'replace', path: `/webhooks/0/${path}`, value }],
    })
  const rule = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'], scope: '*' }
  for (const [path, value] of [
    ['rules', [rule]],
    ['namespaceSelector', {}],
    ['failurePolicy', 'Ignore'],
    ['clientConfig', { url: 'https://evil.example/', caBundle: '' }],
    ['timeoutSeconds', 1],
    ['matchConditions', [{ name: 'none', expression: 'false' }]],
    ['name', 'other.deskfleet.io'],
  ] as const)
    await t.throwsAsync(patch(path, value), { message: /nothing of a webhook but its caBundle/ }, path)
  const more = client.patchMutatingWebhookConfiguration({
    name: WEBHOOK.configuration,
    body: [{ op: 'add', path: '/webhooks/-', value: { name: 'more.deskfleet.io', rules: [rule] } }],
  })
  await t.throwsAsync(more)
  const owner = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: 'nowhere',
    uid: '00000000-0000-4000-8000-000000000000',
  }
  for (const [field, value] of [
    ['ownerReferences', [owner]],
    ['finalizers', ['example.org/for-ever']],
    ['labels', { 'app.kubernetes.io/part-of': 'nothing' }],
  ] as const) {
    const bent = client.patchMutatingWebhookConfiguration({
      name: WEBHOOK.configuration,
      body: [{ op: 'add', path: `/metadata/${field}`, value }],
    })
    await t.throwsAsync(bent, { message: /no owner, finalizer, label or annotation/ }, field)
  }
  await t.notThrowsAsync(patch('clientConfig/caBundle', Buffer.from(await bundle()).toString('base64')))
})

const standing = async (): Promise<Record<string, string>> =>
  (await api.readNamespacedSecret({ namespace: system, name: AUTHORITY.secret })).data ?? {}
const isUnderWay = (data: Record<string, string>): boolean => 'next.crt' in data || 'former.crt' in data
const phase = async (): Promise<string | undefined> => {
  const told = await api.readNamespacedConfigMap({ namespace: system, name: AUTHORITY.configMap })
  return JSON.parse(told.metadata?.annotations?.[ROTATION] ?? '{}').phase
}
/** Whether the keeper may write the webhook's configuration. */
const mayPublish = async (may: boolean): Promise<void> => {
  const rbac = own.kubeConfig.makeApiClient(RbacAuthorizationV1Api)
  const value = ['list', 'watch', ...(may ? ['patch'] : [])]
  const body = [{ op: 'replace', path: '/rules/0/verbs', value }]
  await rbac.patchClusterRole({ name: `deskfleet-${AUTHORITY.keeper}`, body })
}

/** `deskfleet certificates …`, as the administrator. */
async function command(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { terminal, said } = keptTerminal()
  const line = { name: 'deskfleet', about: '', examples: [], commands: [addCertificateCommands] }
  const all = ['certificates', ...args, '--kubeconfig', own.lab.kubeconfig]
  return { code: await runCommandLine(line, all, terminal), ...said }
}

test.serial(
  'the authority of the door changes under a stream of people who know its root alone',
  async (t) => {
    const running = await keeper(undefined, QUICK)
    t.teardown(running.end)
    await eventually('it is ready', running.ready)
    const signed = async () => (await kept())[AUTHORITY.doorSecret]?.certificate
    const { data } = await api.readNamespacedConfigMap({
      namespace: system,
      name: AUTHORITY.doorRootConfigMap,
    })
    const people = await steadyVisitors(api, HOST, data?.['ca.crt'] ?? '')
    t.teardown(people.end)
    for (let time = 0; time < 3; time++) {
      const before = await signed()
      t.is((await command('rotate', 'door')).code, 0)
      await eventually('another one signs', async () => (await signed()) !== before)
      const now = (await signed()) ?? 'none'
      await eventually('the door shows it', async () =>
        ((await kept())[AUTHORITY.gatewaySecret]?.certificate ?? '').endsWith(now),
      )
      await people.more()
    }
    t.deepEqual(people.failures(), [])
    const root = (await kept())[AUTHORITY.doorRootSecret]
    t.is(root?.certificate, data?.['ca.crt'], 'the root stays')
    t.regex((await command('status')).stdout, /authority of the door +\d{4}-\d\d-\d\d/)
  },
)

test.serial(
  'another root is given to machines first; those who have both notice nothing when it takes over',
  async (t) => {
    const running = await keeper(undefined, QUICK)
    t.teardown(running.end)
    await eventually('it is ready', running.ready)
    const told = async () =>
      (await api.readNamespacedConfigMap({ namespace: system, name: AUTHORITY.doorRootConfigMap })).data ?? {}
    const { 'ca.crt': former = '' } = await told()
    t.regex((await command('root', 'switch')).stderr, /there is no next root/)
    t.regex((await command('root', 'prepare')).stdout, /next\\.crt/)
    const next = await eventually('it is there for machines', async () => (await told())['next.crt'])
    t.is((await told())['ca.crt'], former, 'the former one still vouches')
    t.regex((await command('root', 'prepare')).stderr, /there already/)
    const people = await steadyVisitors(api, HOST, former + next)
    t.teardown(people.end)
    t.is((await command('root', 'switch')).code, 0)
    await eventually('it has taken over', async () => (await told())['ca.crt'] === next)
    const signed = new X509Certificate(next).publicKey
    await eventually('the door is vouched for by it', async () => {
      const { [AUTHORITY.gatewaySecret]: shown, [AUTHORITY.doorSecret]: between } = await kept()
      const isOurs = new X509Certificate(between?.certificate ?? '').verify(signed)
      return isOurs && (shown?.certificate ?? '').endsWith(between?.certificate ?? 'none')
    })
    await people.more()
    t.deepEqual(people.failures(), [])
    t.deepEqual(Object.keys(await told()), ['ca.crt'])
  },
)

/** Puts an authority in the place of the one inside, which nobody was told of before. Resolves with its certificate. */
async function withoutOverlap(): Promise<string> {
  const { certificate, key } = await newAuthority({ name: 'without any overlap' }, new Date())
  const [crt, secret] = [certificate, key].map((text) => Buffer.from(text).toString('base64'))
  await api.patchNamespacedSecret({
    namespace: system,
    name: AUTHORITY.secret,
    body: [
      { op: 'replace', path: '/data/tls.crt', value: crt },
      { op: 'replace', path: '/data/tls.key', value: secret },
    ],
  })
  return certificate
}

test.serial(
  'another authority takes over under a stream of admissions, of keepers that die and begin: no call fails',
  async (t) => {
    const quick = () => keeper(undefined, QUICK)
    let running = [await quick(), await quick()]
    t.teardown(async () => void (await Promise.all(running.map((one) => one.end()))))
    await eventually('they are ready', async () =>
      (await Promise.all(running.map((one) => one.ready()))).every(Boolean),
    )
    const before = await standing()
    await eventually('the webhook is trusted', async () => (await bundle()) !== '')
    const admissions = await steadyAdmissions(own.kubeConfig)
    t.teardown(admissions.end)
    await eventually('calls are answered', () => admissions.answered() > 20)
    const wanted = await command('rotate', 'inside', '--dry-run')
    t.regex(wanted.stdout, /1\. publish.*\n2\. soak.*\n3\. switch.*\n4\. retire/)
    t.deepEqual(await standing(), before, 'a dry run asks for nothing')
    await mayPublish(false)
    t.is((await command('rotate', 'inside')).code, 0)
    await eventually('it is not told everywhere', async () => (await phase()) === 'publish')
    const some = admissions.answered() + 20
    await eventually('calls are answered', () => admissions.answered() + admissions.failures().length > some)
    t.is((await standing())['tls.crt'], before['tls.crt'], 'nobody signs who is not known everywhere')
    await mayPublish(true)
    const seen: string[] = []
    await eventually('another one signs, and is alone', async () => {
      const now = (await phase()) ?? ''
      if (seen.at(-1) !== now) {
        seen.push(now)
        if (now === 'soak') {
          t.regex((await command('rotate', 'inside')).stderr, /takes over already/)
          t.regex((await command('status')).stdout, /rotation: +soak[\s\S]*authority inside, next/)
        }
        const [first, ...rest] = running
        await first?.end()
        running = [...rest, await quick()]
      }
      const held = await standing()
      return seen.length > 2 && !isUnderWay(held) && held['tls.crt'] !== before['tls.crt']
    })
    const { certificate = '' } = (await kept())[AUTHORITY.secret] ?? {}
    await eventually('nobody trusts the former one', async () => (await bundle()) === certificate)
    const more = admissions.answered() + 20
    await eventually('calls are answered', () => admissions.answered() > more)
    t.deepEqual(admissions.failures(), [])
    t.log(`${admissions.answered()} calls; phases: ${seen.join(', ')}`)
    for (const name of [AUTHORITY.webhookSecret, AUTHORITY.callerSecret, LDAP.tlsSecret]) {
      const leaf = new X509Certificate((await kept())[name]?.certificate ?? '')
      t.true(leaf.verify(new X509Certificate(certificate).publicKey), name)
    }

    let bare = ''
    // Now and then the API server hears of it just in time: it is done again until a call comes too early.
    await eventually(
      'without an overlap calls do fail',
      async () => {
        bare = await withoutOverlap()
        return admissions.failures().length > 0
      },
      { every: 2_000, seconds: 90 },
    )
    t.regex(admissions.failures()[0] ?? '', /failed calling webhook.*(certificate|x509)/)
    await eventually('it is trusted', async () => (await bundle()) === bare)
  },
)

test.serial(
  'a bundle that somebody strips while it is soaking is whole again before the new one signs',
  async (t) => {
    const running = await keeper(undefined, { ...QUICK, rotation: { soak: 3_000, settle: 1_000 } })
    t.teardown(running.end)
    await eventually('it is ready', running.ready)
    const before = await standing()
    await command('rotate', 'inside')
    await eventually('it is soaking', async () => (await phase()) === 'soak')
    const both = await bundle()
    t.is(both.split('BEGIN CERTIFICATE').length, 3)
    await registrations.patchMutatingWebhookConfiguration({
      name: WEBHOOK.configuration,
      body: [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }],
    })
    await eventually('it is whole again', async () => (await bundle()) === both)
    t.is((await standing())['tls.crt'], before['tls.crt'])
  },
)
