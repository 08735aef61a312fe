import { Agent, get } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { CoreV1Api } from '@kubernetes/client-node'
import test from 'ava'
import { ROTATE, ROTATION } from '../../../config/labels.ts'
import { AUTHORITY, NAMESPACES, WEBHOOK } from '../../../config/names.ts'
import { type BareLab, up } from '../../../lab/bare/bare.ts'
import { LDAP_PROCESS } from '../../../lab/bare/ldap.ts'
import { type Platform, startPlatform, webhookEnvironment } from '../../../lab/bare/platform.ts'
import { gatewayEnvironment } from '../../gateway/own-gateway.ts'
import { person } from '../../gateway/people.ts'
import { administrator, must } from '../../harness/lab.ts'
import { ROOM_IMAGE, tryPodUntilTaken } from '../../harness/platform.ts'
import { type Replicas, startReplicas } from '../../harness/replicas.ts'
import { becomes, eventually } from '../../harness/wait.ts'
import { admissionsWhile } from '../../webhook/steady-admissions.ts'
import { leadTo } from './admissions.ts'

/**
 * All at once, with the real programs: authorities that give way to others, leaves made anew, replicas that roll, and no
 * directory. Pods of people are admitted meanwhile, and people who know the room's root alone come to the door.
 */

const LOGIN = 'ada'
const { system } = NAMESPACES
/** A second. */
const ADMISSIONS = 100
const ROTATIONS = 3
const LEAVES = 20
const RESTARTS = 10

let lab: BareLab
let platform: Platform
let api: CoreV1Api
let webhook: Replicas
let gateway: Replicas

test.before(async (t) => {
  t.timeout(300_000)
  lab = await up({ name: `rotations-${process.pid}`, ldap: true, ownerPid: process.pid })
  platform = await startPlatform(lab)
  api = administrator(lab).makeApiClient(CoreV1Api)
  await person(lab, LOGIN)
  t.is((await tryPodUntilTaken(lab, LOGIN)).code, 0)
  // Here everybody hears of everything at once: nobody mounts a Secret.
  await platform.stop('certificate-keeper')
  const seconds = { LOOK: '0.3', SOAK: '2', SETTLE: '2' }
  await platform.start(
    'certificate-keeper',
    Object.fromEntries(Object.entries(seconds).map(([time, value]) => [`DESKFLEET_${time}_SECONDS`, value])),
  )
  await lab.stop('webhook')
  webhook = await startReplicas(lab, {
    name: 'webhook',
    script: 'webhook/main.ts',
    kubeconfig: await lab.actAs(system, 'webhook'),
    count: 2,
    env: (at, health) => ({ ...webhookEnvironment(at, health, lab), DESKFLEET_DRAIN_SECONDS: '3' }),
  })
  await leadTo(administrator(lab), `https://127.0.0.1:${webhook.port}${WEBHOOK.path}`)
  gateway = await startReplicas(lab, {
    name: 'gateway',
    script: 'gateway/main.ts',
    kubeconfig: await lab.actAs(system, 'gateway'),
    count: 2,
    env: (at, health) => ({
      ...gatewayEnvironment(lab, 'rotations'),
      DESKFLEET_LISTEN: `127.0.0.1:${at}`,
      DESKFLEET_METRICS_LISTEN: `127.0.0.1:${health}`,
      DESKFLEET_DRAIN_SECONDS: '3',
    }),
  })
})
test.after.always(async (t) => {
  t.timeout(120_000)
  await Promise.all([webhook?.end(), gateway?.end()])
  await lab?.down()
})

const secret = async (name: string, item = 'tls.crt'): Promise<string> =>
  Buffer.from(
    (await api.readNamespacedSecret({ namespace: system, name })).data?.[item] ?? '',
    'base64',
  ).toString()

const rootOfTheDoor = async (): Promise<string> => {
  const place = { namespace: system, name: AUTHORITY.doorRootConfigMap }
  return (await api.readNamespacedConfigMap(place)).data?.['ca.crt'] ?? ''
}

/** As `deskfleet certificates rotate` asks for it. */
const ask = (name: string): Promise<string> =>
  must(lab, ['annotate', 'secret', name, '-n', system, '--overwrite', `${ROTATE}=test`])

/** Another one takes its place; resolves when it is there. */
async function anotherOf(name: string): Promise<void> {
  const before = await secret(name)
  await ask(name)
  await eventually(`another certificate in ${name}`, async () => (await secret(name)) !== before)
}

async function anotherInside(): Promise<void> {
  await anotherOf(AUTHORITY.secret)
  const phase = async (): Promise<string> => {
    const told = await api.readNamespacedConfigMap({ namespace: system, name: AUTHORITY.configMap })
    const { phase, waitsFor } = JSON.parse(told.metadata?.annotations?.[ROTATION] ?? '{}')
    return [phase, ...waitsFor].join(': ')
  }
  await becomes('the phase of the rotation, and what it waits for', phase, 'steady')
}

async function times(count: number, work: () => Promise<unknown>, rest = 0): Promise<void> {
  for (let n = 0; n < count; n++) {
    await work()
    await sleep(rest)
  }
}

/** People who come anew each time, and trust that root alone. */
async function visitorsWhile(port: number, ca: string, during: () => Promise<unknown>) {
  const failed: string[] = []
  const since = performance.now()
  let came = 0
  const ended = new AbortController()
  const visit = (): Promise<void> =>
    new Promise((done) => {
      const agent = new Agent({ ca, maxCachedSessions: 0 })
      const asked = get(
        `https://localhost:${port}/login`,
        { agent, headers: { connection: 'close' } },
        (answer) => {
          if (answer.statusCode !== 200) failed.push(`answered ${answer.statusCode}`)
          answer.resume().once('close', done)
        },
      )
      asked.once('error', (error) => {
        failed.push(`${((performance.now() - since) / 1_000).toFixed(1)} s: ${error.message}`)
        done()
      })
    })
  const coming = (async () => {
    for (; !ended.signal.aborted; came++) {
      await visit()
      await sleep(50)
    }
  })()
  await during()
  ended.abort()
  await coming
  return { came, failed }
}

test('whatever is renewed and restarted, no call fails and nobody known is refused', async (t) => {
  t.timeout(900_000)
  const uid = Number(await must(lab, ['get', 'identity', LOGIN, '-o', 'jsonpath={.spec.uid}']))
  await lab.stop(LDAP_PROCESS, 'SIGKILL')
  const root = await rootOfTheDoor()
  const former = { inside: await secret(AUTHORITY.secret), door: await secret(AUTHORITY.doorSecret) }
  let visitors: { readonly came: number; readonly failed: readonly string[] } = { came: 0, failed: [] }
  const since = performance.now()
  const { asked, spared, failed } = await admissionsWhile(
    lab.kubeconfig,
    { login: LOGIN, uid, image: ROOM_IMAGE, rate: ADMISSIONS, most: 8 },
    async () => {
      visitors = await visitorsWhile(gateway.port, root, () =>
        Promise.all([
          times(ROTATIONS, anotherInside),
          times(ROTATIONS, () => anotherOf(AUTHORITY.doorSecret), 10_000),
          times(LEAVES, () => anotherOf(AUTHORITY.webhookSecret), 1_000),
          times(LEAVES, () => anotherOf(AUTHORITY.gatewaySecret), 1_000),
          times(RESTARTS, webhook.restart),
          times(RESTARTS, gateway.restart),
        ]),
      )
    },
  )
  const took = (performance.now() - since) / 1_000
  t.log(
    `${asked} pods asked about in ${took.toFixed(0)} s, ${failed.length} refused; ${spared} spared a busy machine`,
  )
  t.log(`${visitors.came} came to the door, ${visitors.failed.length} in vain`)
  t.deepEqual(
    { admissions: failed.slice(0, 5), visits: visitors.failed.slice(0, 5) },
    { admissions: [], visits: [] },
  )
  t.not(await secret(AUTHORITY.secret), former.inside)
  t.not(await secret(AUTHORITY.doorSecret), former.door)
  t.is(await rootOfTheDoor(), root)
})
