import { Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeConfig } from '@kubernetes/client-node'
import { NAMESPACES, WEBHOOK } from '../config/names.ts'
import { type BareLab, up } from '../lab/bare/bare.ts'
import { startPlatform } from '../lab/bare/platform.ts'
import { administrator, must } from '../test/harness/lab.ts'
import { plainPod, published } from '../test/harness/platform.ts'
import { fillDirectory } from './fill-directory.ts'
import { machine } from './machine.ts'
import { writeResult } from './results.ts'
import { ship } from './shipped.ts'
import { startWebhook } from './shipped-webhook.ts'
import { percentiles } from './spread.ts'

/**
 * What admission adds to the making of a pod, end to end, on a real API server: neither policies nor webhook, either, and
 * both. The four are namespaces that differ in two labels, by which the lab's bindings and the webhook's configuration
 * choose here; each round makes a pod in each of them, in another order.
 */

const PEOPLE = 1_000
const ROUNDS = 300
/** Not counted: connections, and what is compiled late. */
const WARM_UP = 30
/** What is promised of both together, in ms added. */
const TARGETS = { p50: 3, p99: 10 }

const ARMS = ['none', 'policies', 'webhook', 'both'] as const
type Arm = (typeof ARMS)[number]

const LABEL = { policies: 'bench.deskfleet.io/policies', webhook: 'bench.deskfleet.io/webhook' } as const
/** The bindings of what judges the making of a pod of a person. */
const BINDINGS = [
  ...['claim-pods', 'desktop-names', 'identity-carried', 'locked-people', 'pod-bounds', 'images'],
].map((name) => `deskfleet-${name}`)

const namespaceOf = (arm: Arm): string => `bench-${arm}`
const slugOf = (round: number): string => `person-${round % PEOPLE}`

const say = (line: string): void => console.error(`  ${line}`)

/** Prints a table, and writes `bench/results/admission.json`. */
export async function run(): Promise<void> {
  const before = machine()
  const lab = await up({ name: `bench-${process.pid}`, ldap: true, ownerPid: process.pid, progress: say })
  const shipped = await ship(['webhook/main.ts'])
  try {
    const platform = await startPlatform(lab, say)
    await fillDirectory(lab, PEOPLE)
    await published(lab, slugOf(PEOPLE - 1))
    await platform.stop('webhook')
    const webhook = await startWebhook(lab, shipped)
    try {
      await webhook.ready()
      await chooseByArm(lab)
      const result = { machine: before, people: PEOPLE, targets: TARGETS, ...(await measure(lab)) }
      print(result)
      writeResult('admission', result)
    } finally {
      await webhook.process.end()
    }
  } finally {
    shipped.remove()
    await lab.down()
  }
}

/** Makes the namespaces, and has policies and webhook mind those of their arms alone. */
async function chooseByArm(lab: BareLab): Promise<void> {
  const selects = (label: string) => ({ matchLabels: { [label]: 'true' } })
  const path = '/webhooks/0/namespaceSelector'
  const selector = JSON.stringify([{ op: 'replace', path, value: selects(LABEL.webhook) }])
  await must(lab, [
    'patch',
    'mutatingwebhookconfiguration',
    WEBHOOK.configuration,
    '--type=json',
    '-p',
    selector,
  ])
  const binding = JSON.stringify([
    { op: 'add', path: '/spec/matchResources', value: { namespaceSelector: selects(LABEL.policies) } },
  ])
  for (const name of BINDINGS)
    await must(lab, ['patch', 'validatingadmissionpolicybinding', name, '--type=json', '-p', binding])
  const { spec: limits } = JSON.parse(
    await must(lab, ['-n', NAMESPACES.desktops, 'get', 'limitrange', 'desktops', '-o', 'json']),
  )
  for (const arm of ARMS) {
    const has = {
      policies: arm === 'policies' || arm === 'both',
      webhook: arm === 'webhook' || arm === 'both',
    }
    const labels = { [LABEL.policies]: `${has.policies}`, [LABEL.webhook]: `${has.webhook}` }
    const name = namespaceOf(arm)
    await must(lab, ['create', '-f', '-'], {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels },
    })
    // As in the namespace of desktops.
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', automountServiceAccountToken: false }
    const apply = ['apply', '--server-side', '--force-conflicts', '-f', '-']
    await must(lab, apply, { ...account, metadata: { name: 'default', namespace: name } })
    const range = { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'desktops', namespace: name } }
    await must(lab, apply, { ...range, spec: limits })
  }
  // The API server takes up what it was told within a second or two.
  await sleep(5_000)
}

async function measure(lab: BareLab) {
  const api = await caller(administrator(lab))
  try {
    const equipped = await equippedPods(api)
    await proveArms(api, equipped)
    const times: Record<Arm, number[]> = { none: [], policies: [], webhook: [], both: [] }
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      const turn = (round + WARM_UP) % ARMS.length
      for (const arm of [...ARMS.slice(turn), ...ARMS.slice(0, turn)]) {
        const began = performance.now()
        const { status, text } = await api('POST', podsOf(arm), podOf(arm, round + WARM_UP, equipped))
        const took = performance.now() - began
        if (status !== 201) throw new Error(`${arm}: ${text}`)
        if (round >= 0) times[arm].push(took)
        await api('DELETE', `${podsOf(arm)}/bench`, { gracePeriodSeconds: 0 })
      }
    }
    const arms = Object.fromEntries(ARMS.map((arm) => [arm, percentiles(times[arm])]))
    const added = (arm: Arm) => {
      const pairs = percentiles(times[arm].map((time, i) => time - (times.none[i] ?? Number.NaN)))
      const p99 = percentiles(times[arm]).p99 - percentiles(times.none).p99
      return { p50: pairs.p50, p99, p99OfPairs: pairs.p99 }
    }
    const more = { policies: added('policies'), webhook: added('webhook'), both: added('both') }
    return {
      rounds: ROUNDS,
      arms,
      added: more,
      ratio: percentiles(times.both).p50 / percentiles(times.none).p50,
    }
  } finally {
    api.end()
  }
}

type Measured = Awaited<ReturnType<typeof measure>>

const podsOf = (arm: Arm): string => `/api/v1/namespaces/${namespaceOf(arm)}/pods`

const plain = (arm: Arm, slug: string) => {
  const pod = plainPod(slug, 'bench')
  return { ...pod, metadata: { ...pod.metadata, namespace: namespaceOf(arm) } }
}

/** Where there is no webhook, policies see the pod as it would have made it. */
const podOf = (arm: Arm, round: number, equipped: readonly object[]): object =>
  arm === 'policies' ? (equipped[round % equipped.length] ?? {}) : plain(arm, slugOf(round))

const SAMPLE = 20

async function equippedPods(api: Caller): Promise<object[]> {
  const pods = []
  for (let i = 0; i < SAMPLE; i++) {
    const { status, text } = await api('POST', `${podsOf('both')}?dryRun=All`, plain('both', slugOf(i)))
    if (status !== 201) throw new Error(text)
    const { metadata, spec } = JSON.parse(text)
    const { labels, annotations } = metadata
    const named = { name: 'bench', namespace: namespaceOf('policies'), labels, annotations }
    pods.push({ apiVersion: 'v1', kind: 'Pod', metadata: named, spec })
  }
  return pods
}

/** That each arm has what it is said to have, and not what it is said not to have. */
async function proveArms(api: Caller, [good]: readonly object[]): Promise<void> {
  const dry = (arm: Arm, pod: object) => api('POST', `${podsOf(arm)}?dryRun=All`, pod)
  for (const arm of ARMS) {
    const own = await dry(arm, plain(arm, slugOf(0)))
    const isEquipped =
      own.status === 201 && JSON.parse(own.text).spec.securityContext?.runAsUser !== undefined
    const isRefused = own.status !== 201
    const should = {
      none: [false, false],
      policies: [false, true],
      webhook: [true, false],
      both: [true, false],
    }[arm]
    if (isEquipped !== should[0] || isRefused !== should[1])
      throw new Error(`the arm ${arm} is not what it should be: ${own.text.slice(0, 400)}`)
  }
  const taken = await dry('policies', good ?? {})
  if (taken.status !== 201) throw new Error(`policies refuse the pod as the webhook makes it: ${taken.text}`)
}

interface Caller {
  (method: string, path: string, body: object): Promise<{ status: number; text: string }>
  end(): void
}

/** One connection that is kept, and no client around it. */
async function caller(config: KubeConfig): Promise<Caller> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const options = {}
  await config.applyToHTTPSOptions(options)
  const server = config.getCurrentCluster()?.server ?? ''
  const call = (method: string, path: string, body: object) =>
    new Promise<{ status: number; text: string }>((done, fail) => {
      const data = Buffer.from(JSON.stringify(body))
      const headers = { 'Content-Type': 'application/json', 'Content-Length': data.length }
      request(new URL(path, server), { ...options, method, headers, agent }, (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('end', () =>
          done({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
        )
      })
        .on('error', fail)
        .end(data)
    })
  return Object.assign(call, { end: () => agent.destroy() })
}

function print({ arms, added, ratio }: Measured): void {
  console.log(
    `Making a pod, ms: ${ROUNDS} rounds, each a pod in each arm; what is added to the arm without anything.`,
  )
  const row = (arm: 'policies' | 'webhook' | 'both') => ({
    ...figures(arm),
    'added p50': added[arm].p50.toFixed(1),
    'added p99': added[arm].p99.toFixed(1),
  })
  const figures = (arm: Arm) => ({ p50: arms[arm]?.p50.toFixed(1), p99: arms[arm]?.p99.toFixed(1) })
  console.table({
    none: figures('none'),
    policies: row('policies'),
    webhook: row('webhook'),
    both: row('both'),
  })
  console.log(
    `both: ${ratio.toFixed(2)} × none; promised ≤ ${TARGETS.p50} ms p50 and ≤ ${TARGETS.p99} ms p99 added`,
  )
}
