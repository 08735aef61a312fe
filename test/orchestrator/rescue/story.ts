import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, globSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import {
  AuthenticationV1Api,
  BatchV1Api,
  CoreV1Api,
  KubeConfig,
  type V1ConfigMap,
} from '@kubernetes/client-node'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { pino } from 'pino'
import { NAMESPACES } from '../../../config/names.ts'
import { nameOf } from '../../../orchestrator/backup/decide.ts'
import { startBackup } from '../../../orchestrator/backup/job.ts'
import { readNewest } from '../../../orchestrator/backup/newest.ts'
import { openFolder } from '../../../orchestrator/backup/place.ts'
import { openGateway } from '../../../orchestrator/etcd/gateway.ts'
import { readMembers } from '../../../orchestrator/etcd/members.ts'
import type { Hands } from '../../../orchestrator/rescue/act.ts'
import { type Rescue, rescue } from '../../../orchestrator/rescue/rescue.ts'
import { systemClock } from '../../../service/clock.ts'
import { network, type PcFolder } from '../../harness/masters.ts'
import { ownProgram } from '../../harness/program-context.ts'
import { eventually } from '../../harness/wait.ts'

/** Three masters die, and a fourth PC has one copy: run by rescue.lab.test.ts in a network of its own. */

const run = promisify(execFile)
const folder = process.argv[2] ?? ''
const tell = (line: string): void => console.log(line)
const ADDRESS = (at: number): string => `10.99.0.${at}`
/** By which everybody calls the API; whoever serves has it. */
const ROOM = `${ADDRESS(100)}:6443`

const net = await network(folder, [1, 2, 3, 4, 100].map(ADDRESS))
const [one, two, three] = [1, 2, 3].map((at) => net.pc(`pc-${at}`, ADDRESS(at))) as [
  PcFolder,
  PcFolder,
  PcFolder,
]
const heir = net.pc('pc-4', ADDRESS(4))
const programs = { etcd: net.programs.get('etcd') ?? '', etcdutl: net.programs.get('etcdutl') ?? '' }

/** Three masters, as kubeadm and its joins leave them. */
const cluster = [one, two, three].map(({ name, address }) => `${name}=https://${address}:2380`).join(',')
for (const pc of [one, two, three]) {
  configure(pc)
  if (pc !== one) for (const name of ['pki', 'api-server']) share(name, pc)
  pc.kubeadm('init', 'phase', 'certs', 'all', '--config=/etc/kubernetes/room.yaml')
  pc.kubeadm('init', 'phase', 'etcd', 'local', '--config=/etc/kubernetes/room.yaml')
  if (pc === one) dropLeaves(pc)
  pc.start(
    'etcd',
    `--initial-cluster=${cluster}`,
    // One network for all: 127.0.0.1 is nobody's own.
    `--listen-client-urls=https://${pc.address}:2379`,
    '--listen-metrics-urls=',
    // Each calls from its own address, which is the one in its certificate.
    '--feature-gates=InitialCorruptCheck=true,SetMemberLocalAddr=true',
  )
}
one.kubeadm('init', 'phase', 'kubeconfig', 'all', '--config=/etc/kubernetes/room.yaml')
one.kubeadm('init', 'phase', 'control-plane', 'apiserver', '--config=/etc/kubernetes/room.yaml')
one.start('kube-apiserver', `--etcd-servers=https://${one.address}:2379`)
const before = apiBy(one)
await eventually('the API of the room answers', () => before.core.listNamespace())
one.kubeadm('init', 'phase', 'upload-config', 'kubeadm', '--config=/etc/kubernetes/room.yaml')

/** What people had in it. */
await before.core.createNamespace({ body: { metadata: { name: 'work' } } })
for (let at = 0; at < 50; at++)
  await before.core.createNamespacedConfigMap({
    namespace: 'work',
    body: { metadata: { name: `map-${at}` }, data: { at: String(at) } },
  })
await before.core.createNamespacedSecret({
  namespace: 'work',
  body: { metadata: { name: 'secret' }, stringData: { word: 'only encrypted' } },
})
await before.core.createNamespacedServiceAccount({ namespace: 'work', body: { metadata: { name: 'robot' } } })
const { status } = await before.core.createNamespacedServiceAccountToken({
  name: 'robot',
  namespace: 'work',
  body: { spec: { audiences: [], expirationSeconds: 7200 } },
})
for (const { name } of [one, two, three, heir]) await makeNode(name)
const had = await mapsOf(before.core)
const told = await before.core.listNamespacedConfigMap({ namespace: 'work' })
const known = told.metadata?.resourceVersion ?? ''

/** A copy, as its Job makes it on one of them. */
const key = await generateX25519Identity()
await before.core.createNamespace({ body: { metadata: { name: NAMESPACES.crown } } })
process.env.KUBECONFIG = one.path('etc/kubernetes/super-admin.conf')
const logged: string[] = []
const settings = {
  endpoints: [one, two, three].map(({ address }) => `https://${address}:2379`),
  kubernetes: one.path('etc/kubernetes'),
  copies: join(folder, 'copies'),
  scratch: join(folder, 's'),
  programs,
  recipients: [await identityToRecipient(key)],
  pc: one.name,
  address: one.address,
  image: 'deskfleet',
}
const { context } = ownProgram(settings, pino({}, { write: (line) => logged.push(line) }), one.name)
const kubelets = new AbortController()
const fetched = fetchWhereAsked(before.config, kubelets.signal)
assert.equal(await startBackup(context), 0, logged.join(''))
kubelets.abort()
await fetched
assert.match(logged.join(''), /"agreed":3,"msg":"etcd was copied, and the copy proven"/)
const made = await readNewest(before.core)
assert.ok(made)
assert.deepEqual(made.places, ['pc-1', 'pc-2', 'pc-4'])
// From here on it is the heir's own.
const copies = heir.path('copies')
const place = openFolder(copies)
assert.ok(!readFileSync(place.path(made.name)).includes('only encrypted'))
tell('a copy that three members agree with, and the cluster knows of it')

/** The heir was a worker. */
writeFileSync(heir.path('etc/kubernetes/kubelet.conf'), 'as it was\n')
const hands: Hands = {
  root: heir.root,
  kubeadm: net.programs.get('kubeadm') ?? '',
  etcdutl: programs.etcdutl,
  restartKubelet: async () => {
    for (const manifest of ['etcd', 'kube-apiserver']) heir.start(manifest)
  },
  clock: systemClock,
  patience: 90_000,
}
const said: string[] = []
const wish: Rescue = {
  place,
  key,
  wish: { name: heir.name, address: heir.address },
  hands,
  scratch: folder,
  dryRun: false,
  tell: (line) => said.push(line),
}
const refusal = (change: Partial<Rescue> = {}): Promise<string> =>
  rescue({ ...wish, ...change }).then(
    () => 'not refused',
    (error) => error.message,
  )
const tree = treeOf(heir)

const lives = await refusal()
assert.match(lives, /the API server at 10\.99\.0\.100:6443 says that it is ready/)
assert.match(lives, /an etcd, of pc-2, can be reached at 10\.99\.0\.2:2379/)
tell('refused beside a room that lives')

await one.cut()
await two.cut()
const alone = await refusal()
assert.match(alone, /an etcd, of pc-3, can be reached/)
assert.match(alone, /etcd runs on this PC, as process \d+/)
assert.doesNotMatch(alone, /is ready|pc-1|pc-2/)
tell('refused beside one member without a majority')
await three.cut()

assert.match(await refusal({ key: await generateX25519Identity() }), /encrypted for other keys/)
assert.match(await refusal({ wish: { name: 'PC 4', address: heir.address } }), /is no name of a Node/)
assert.match(await refusal({ place: openFolder(join(folder, 'none')) }), /there is no copy here/)
tell('refused with another key, a wrong name, no copy')

said.length = 0
await rescue({ ...wish, dryRun: true })
assert.match(
  said.join('\n'),
  /restore etcd from etcd-.* as its only member pc-4 at https:\/\/10\.99\.0\.4:2380/,
)
assert.equal(treeOf(heir), tree)
tell('a dry run said each step and changed nothing')

/** The newest copy is damaged: the one before it is taken. */
const damaged = nameOf(Date.now() + 1_000, made.revision + 1)
const bytes = readFileSync(place.path(made.name))
bytes[bytes.length - 1_000] = (bytes[bytes.length - 1_000] ?? 0) ^ 1
writeFileSync(place.path(damaged), bytes)
said.length = 0
await rescue(wish)
assert.ok(said[0]?.startsWith(`${damaged}: the copy is cut off or was altered`), said[0])
assert.ok(said[1]?.startsWith(`${made.name}: made at`), said[1])
tell('a damaged copy was passed over')

const after = apiBy(heir)
assert.deepEqual(await mapsOf(after.core), had)
tell('the API has the same objects, with their uids and versions')
const secret = await after.core.readNamespacedSecret({ name: 'secret', namespace: 'work' })
assert.equal(Buffer.from(secret.data?.word ?? '', 'base64').toString(), 'only encrypted')
tell('Secrets that are encrypted in etcd are read')
const review = await after.authentication.createTokenReview({
  body: { spec: { token: status?.token ?? '' } },
})
assert.equal(review.status?.user?.username, 'system:serviceaccount:work:robot')
assert.ok(await apiBy(one).core.listNamespace())
tell('tokens and certificates of before count')
const list = await after.core.listNamespacedConfigMap({ namespace: 'work' })
assert.ok(Number(list.metadata?.resourceVersion) > Number(known) + 1_000_000_000)
const gone = await fetchStatus(
  after.config,
  `/api/v1/namespaces/work/configmaps?watch=1&resourceVersion=${known}`,
)
assert.match(gone, /"code":410/)
tell('who watches since before begins anew')
const members = await readMembers(gatewayOf(heir), [`https://${heir.address}:2379`])
assert.ok(members.is === 'done')
assert.deepEqual(
  members.value.members.map(({ name }) => name),
  ['pc-4'],
)
const node = await after.core.readNode({ name: heir.name })
assert.ok('node-role.kubernetes.io/control-plane' in (node.metadata?.labels ?? {}))
assert.deepEqual(node.spec?.taints?.filter(({ key: taint }) => taint.includes('control-plane')) ?? [], [])
await after.core.createNamespace({ body: { metadata: { name: 'afterwards' } } })
tell('one master stands, and takes writes')
const aside = readdirSync(heir.path('etc/kubernetes')).filter((name) =>
  name.startsWith('kubelet.conf.before-'),
)
assert.equal(readFileSync(heir.path(`etc/kubernetes/${aside[0]}`), 'utf8'), 'as it was\n')
assert.deepEqual(
  readdirSync(folder).filter((name) => name.startsWith('deskfleet-rescue-')),
  [],
)
tell('what was there is laid aside, and nothing opened is left')
assert.match(await refusal(), /says that it is ready/)
tell('refused where it was done already')
await heir.cut()

/** As its kubelet has it; kubeadm waits for that label. pc-3 is not well. */
async function makeNode(name: string): Promise<void> {
  const labels = { 'kubernetes.io/hostname': name }
  await before.core.createNode({ body: { metadata: { name, labels } } })
  const conditions = [{ type: 'Ready', status: name === 'pc-3' ? 'False' : 'True' }]
  await before.core.replaceNodeStatus({ name, body: { metadata: { name, labels }, status: { conditions } } })
}

/** What kubelets and the controller of Jobs do: each Job's program is run with what the Job says, and the Job is over. */
async function fetchWhereAsked(config: KubeConfig, signal: AbortSignal): Promise<void> {
  const batch = config.makeApiClient(BatchV1Api)
  const [namespace, ran] = [NAMESPACES.crown, new Set<string>()]
  while (!signal.aborted) {
    const { items } = await batch.listNamespacedJob({ namespace })
    for (const job of items.filter(({ metadata }) => !ran.has(metadata?.name ?? ''))) {
      const name = job.metadata?.name ?? ''
      ran.add(name)
      const { nodeName = '', containers = [] } = job.spec?.template.spec ?? {}
      const own = {
        DESKFLEET_COPIES: join(folder, nodeName, 'copies'),
        DESKFLEET_SCRATCH: join(folder, nodeName, 'tmp'),
      }
      const env = Object.fromEntries((containers[0]?.env ?? []).map((one) => [one.name, one.value]))
      const program = (containers[0]?.command?.[1] ?? '').replace(/\.js$/, '.ts')
      // Not waited for by this process as a whole: it lends meanwhile.
      await run(process.execPath, [program], { env: { PATH: process.env.PATH, ...env, ...own } })
      const times = { startTime: new Date(), completionTime: new Date() }
      const over = (type: string) => ({ type, status: 'True', lastTransitionTime: new Date() })
      const conditions = ['SuccessCriteriaMet', 'Complete'].map(over)
      await batch.replaceNamespacedJobStatus({
        name,
        namespace,
        body: { ...job, status: { ...times, conditions, succeeded: 1 } },
      })
    }
    await sleep(100)
  }
}

function configure(pc: PcFolder): void {
  writeFileSync(
    pc.path('etc/kubernetes/room.yaml'),
    `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: { advertiseAddress: ${pc.address}, bindPort: 6443 }
nodeRegistration: { name: ${pc.name} }
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.2
controlPlaneEndpoint: ${ROOM}
apiServer:
  extraArgs:
    - { name: encryption-provider-config, value: /etc/kubernetes/api-server/encryption.yaml }
`,
  )
  mkdirSync(pc.path('etc/kubernetes/api-server'), { recursive: true })
  writeFileSync(
    pc.path('etc/kubernetes/api-server/encryption.yaml'),
    `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - secretbox: { keys: [{ name: one, secret: ${createHash('sha256').update('one').digest('base64')} }] }
`,
  )
}

/** What every master of a room has of the first one. */
function share(name: string, pc: PcFolder): void {
  mkdirSync(pc.path('etc/kubernetes'), { recursive: true })
  cpSync(join(folder, 'shared', name), pc.path(`etc/kubernetes/${name}`), { recursive: true })
}

/** Authorities without what they signed for that one PC. */
function dropLeaves(pc: PcFolder): void {
  const shared = join(folder, 'shared')
  for (const name of [
    'ca.crt',
    'ca.key',
    'sa.key',
    'sa.pub',
    'front-proxy-ca.crt',
    'front-proxy-ca.key',
    'etcd/ca.crt',
    'etcd/ca.key',
  ])
    cpSync(pc.path(`etc/kubernetes/pki/${name}`), join(shared, 'pki', name), { recursive: true })
  cpSync(pc.path('etc/kubernetes/api-server'), join(shared, 'api-server'), { recursive: true })
}

function gatewayOf(pc: PcFolder) {
  const read = (name: string): string => readFileSync(pc.path(`etc/kubernetes/pki/etcd/${name}`), 'utf8')
  return openGateway({
    authority: read('ca.crt'),
    certificate: read('healthcheck-client.crt'),
    key: read('healthcheck-client.key'),
  })
}

function apiBy(pc: PcFolder) {
  const config = new KubeConfig()
  config.loadFromFile(pc.path('etc/kubernetes/super-admin.conf'))
  return {
    config,
    core: config.makeApiClient(CoreV1Api),
    authentication: config.makeApiClient(AuthenticationV1Api),
  }
}

async function mapsOf(core: CoreV1Api): Promise<readonly V1ConfigMap[]> {
  const { items } = await core.listNamespacedConfigMap({ namespace: 'work' })
  return items.filter(({ metadata }) => metadata?.name?.startsWith('map-'))
}

async function fetchStatus(config: KubeConfig, path: string): Promise<string> {
  const { request } = await import('node:https')
  const options = {}
  await config.applyToHTTPSOptions(options)
  return await new Promise((resolve, reject) => {
    const asked = request(`https://${ROOM}${path}`, options, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
        if (text.includes('\n')) {
          response.destroy()
          resolve(text)
        }
      })
      response.once('end', () => resolve(text))
    })
    asked.once('error', reject)
    asked.end()
  })
}

function treeOf(pc: PcFolder): string {
  return globSync('**/*', { cwd: pc.root })
    .sort()
    .map((path) => `${path} ${lstatSync(join(pc.root, path)).mtimeMs}`)
    .join('\n')
}
