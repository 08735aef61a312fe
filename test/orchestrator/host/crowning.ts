import { randomBytes } from 'node:crypto'
import { Chart, Testing } from 'cdk8s'
import { parse } from 'yaml'
import { z } from 'zod'
import { prove } from '../../../charts/kit/proof.ts'
import { nodeJobProofs } from '../../../charts/orchestrator/node-jobs.ts'
import { bootstrapToken, publicKeyHash } from '../../../cluster/bootstrap-token.ts'
import { MASTER } from '../../../config/labels.ts'
import { CROWN, NAMESPACES } from '../../../config/names.ts'
import { openDelivery } from '../../../lab/delivery/deliver.ts'
import { REGISTRY } from '../../../lab/room/registry.ts'
import type { Room } from '../../../lab/room/room.ts'
import { type NodeJob, nodeJob } from '../../../orchestrator/jobs/job.ts'
import { joinPlan, mintPlan } from '../../../orchestrator/jobs/plan.ts'
import type { Step } from '../../../orchestrator/jobs/step.ts'
import { type HostFacts, readHostFacts, readTold, type Told } from '../../../orchestrator/jobs/told.ts'
import { pcBecomes } from '../../harness/room.ts'
import { becomes, eventually } from '../../harness/wait.ts'

/** A crowning in a room by hand: what the orchestrator will do, by its account and with the Jobs that it may make. */

const namespace = NAMESPACES.crown
const account = `system:serviceaccount:${namespace}:${CROWN.program}`
const ACCOUNT = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: CROWN.program, namespace } },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: CROWN.program, namespace },
    rules: [{ apiGroups: ['batch'], resources: ['jobs'], verbs: ['create'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: CROWN.program, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: CROWN.program },
    subjects: [{ kind: 'ServiceAccount', name: CROWN.program, namespace }],
  },
]

/** A room in which crownings are tried. */
export interface CrownRoom {
  readonly room: Room
  /** Makes the Job of a step, as the orchestrator's account. */
  ask(job: Wish): Promise<void>
  /** Makes it, and waits for what it tells. */
  told(job: Wish): Promise<Told>
  facts(pc: string): Promise<HostFacts>
  /** What it said meanwhile. */
  log(job: Wish): Promise<string>
  /** Takes the room's policies and the account away again. */
  leave(): Promise<void>
}

interface Wish {
  readonly operation: string
  readonly attempt?: number
  readonly step: Step
  readonly node: string
}

export async function enterRoom(room: Room): Promise<CrownRoom> {
  const image = (await openDelivery(room)).images.deskfleet ?? ''
  const chart = new Chart(Testing.app(), 'node-jobs')
  for (const proof of nodeJobProofs({ registry: REGISTRY, images: { deskfleet: image } })) prove(chart, proof)
  const objects = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...ACCOUNT, ...chart.toJson()] })
  await apply(room, objects)
  // What ran here before may have left a higher epoch on a PC.
  const epoch = Math.floor(Date.now() / 1000)
  const jobOf = ({ attempt = 1, ...wish }: Wish): NodeJob => ({ ...wish, attempt, epoch, image })
  const nameOf = (wish: Wish): string => nodeJob(jobOf(wish)).metadata?.name ?? ''
  const ask = async (wish: Wish): Promise<void> => {
    const input = JSON.stringify(nodeJob(jobOf(wish)))
    await eventually(`the job ${wish.step.name} on ${wish.node}`, async () => {
      const { code, stderr } = await room.run(['create', '-f', '-', `--as=${account}`], { input })
      if (code === 0 || stderr.includes('AlreadyExists')) return true
      throw new Error(stderr)
    })
  }
  const last = async (wish: Wish): Promise<string> => {
    const path = 'jsonpath={.items[0].status.containerStatuses[0].state.terminated.message}'
    return (await room.run(['get', 'pods', '-n', namespace, '-l', `job-name=${nameOf(wish)}`, '-o', path]))
      .stdout
  }
  const message = async (wish: Wish): Promise<string> => {
    await ask(wish)
    return eventually(`what ${wish.step.name} on ${wish.node} tells`, () => last(wish), {
      seconds: 300,
      every: 500,
    })
  }
  let asked = 0
  return {
    log: async (wish) => (await room.run(['logs', '-n', namespace, `job/${nameOf(wish)}`])).stdout,
    room,
    ask,
    async told(wish) {
      const line = await message(wish)
      return readTold(line) ?? { ...EMPTY, reason: line }
    },
    async facts(node) {
      const line = await message({
        operation: `facts${epoch % 100_000}`,
        attempt: ++asked,
        step: { name: 'facts' },
        node,
      })
      const facts = readHostFacts(line)
      if (!facts) throw new Error(`${node} tells nothing that can be read: ${line}`)
      return facts
    },
    leave: async () => void (await room.run(['delete', '-f', '-', '--ignore-not-found'], { input: objects })),
  }
}

const EMPTY = { step: '', operation: '', attempt: '', outcome: 'failed' } as const

async function apply(room: Room, input: string): Promise<void> {
  const { code, stderr } = await room.run(['apply', '-f', '-'], { input })
  if (code !== 0) throw new Error(stderr)
}

const Members = z.object({ members: z.array(z.object({ ID: z.string(), peerURLs: z.array(z.string()) })) })

/** Takes a PC out of etcd's list, by a master that lives. */
export async function removeMember({ room }: CrownRoom, pc: string, by: string): Promise<void> {
  const ask = async (path: string, body: object): Promise<string> => {
    const keys = '--cacert ca.crt --cert healthcheck-client.crt --key healthcheck-client.key'
    const curl = `cd /etc/kubernetes/pki/etcd && curl -sSf -m 10 ${keys} -d @- https://127.0.0.1:2379/v3/cluster/member/${path}`
    return room.machine.must(['podman', 'exec', '-i', by, 'sh', '-c', curl], { input: JSON.stringify(body) })
  }
  const address = room.pcs.find(({ name }) => name === pc)?.address
  const { members } = Members.parse(JSON.parse(await ask('list', { linearizable: true })))
  const id = members.find(({ peerURLs }) => peerURLs.includes(`https://${address}:2380`))?.ID
  if (id !== undefined) await ask('remove', { ID: id })
}

/** Secrets of a crowning, written and taken away again. */
export interface Secrets {
  readonly preflight: Step
  readonly mint: Step
  readonly join: Step
  /** What nobody may read in a log. */
  readonly words: readonly string[]
  remove(): Promise<void>
}

export async function writeSecrets({ room }: CrownRoom, operation: string, heir: string): Promise<Secrets> {
  const get = async (...args: string[]): Promise<string> => (await room.run(['get', ...args])).stdout
  const config = await get(
    'configmap',
    'kubeadm-config',
    '-n',
    'kube-system',
    '-o',
    'jsonpath={.data.ClusterConfiguration}',
  )
  const authority = await get(
    'configmap',
    'kube-root-ca.crt',
    '-n',
    namespace,
    '-o',
    'jsonpath={.data.ca\\.crt}',
  )
  const crowning = {
    operation,
    certificateKey: randomBytes(32).toString('hex'),
    clusterConfiguration: config,
  }
  const token = { id: randomBytes(3).toString('hex'), secret: randomBytes(8).toString('hex') }
  const join = joinPlan(crowning, {
    node: heir,
    address: room.pcs.find(({ name }) => name === heir)?.address ?? '',
    endpoint: parse(config).controlPlaneEndpoint,
    token,
    authority: publicKeyHash(authority),
    apiFiles: [],
    brought: new Map(),
  })
  const secrets = [mintPlan(crowning), join, bootstrapToken(token, new Date(Date.now() + 1_800_000))]
  await apply(room, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: secrets }))
  const plan = { secret: join.metadata?.name ?? '' }
  return {
    preflight: { name: 'preflight', ...plan },
    mint: { name: 'mint', secret: mintPlan(crowning).metadata?.name ?? '' },
    join: { name: 'join', ...plan },
    words: [crowning.certificateKey, token.secret],
    async remove() {
      for (const { metadata } of secrets)
        await room.run(['delete', 'secret', metadata?.name ?? '', '-n', metadata?.namespace ?? ''])
      await room.run(['delete', 'secret', 'kubeadm-certs', '-n', 'kube-system', '--ignore-not-found'])
    },
  }
}

/** Until a PC is a master in every respect: it votes, its API server is ready by its own address, its Node says so. */
export async function becomesMaster({ room }: CrownRoom, pc: string, asks: string): Promise<number> {
  const address = room.pcs.find(({ name }) => name === pc)?.address
  const readyz = `curl -s -m 3 --cacert /etc/kubernetes/pki/ca.crt https://${address}:6443/readyz`
  const stands = async (): Promise<string> => {
    const part = (await room.etcd()).get(pc)
    const answer = await room.machine.exec(['podman', 'exec', asks, 'sh', '-c', readyz])
    const role = (await room.seen()).get(pc)?.role
    const votes = part === 'voter' || part === 'leader'
    return `${votes ? 'votes' : part}, ${answer.stdout}, ${role}`
  }
  return becomes(`${pc} is a master`, stands, 'votes, ok, master', { seconds: 240, every: 500 })
}

/** Until a PC that was a master is a worker, with nothing left of the cluster's keys. */
export async function becomesWorker({ room }: CrownRoom, pc: string): Promise<number> {
  const keys =
    'find /etc/kubernetes /var/lib/etcd -name "*.key" -o -name "*.yaml" -o -name "admin.conf" -o -name db'
  const stands = async (): Promise<string> => {
    const left = await room.machine.exec(['podman', 'exec', pc, 'sh', '-c', keys])
    const seen = (await room.seen()).get(pc)
    return `${left.stdout.trim()}|${seen?.role}, ${seen?.state}|${(await room.etcd()).get(pc)}`
  }
  return becomes(`${pc} is a worker`, stands, '|worker, ready|undefined', { seconds: 240, every: 500 })
}

/** Lets a master go on purpose, in the order in which nobody else notices. */
export async function stepDown(crown: CrownRoom, operation: string, pc: string, by: string): Promise<void> {
  const { room, told } = crown
  const must = async (step: Step): Promise<void> => {
    const { outcome, reason } = await told({ operation, step, node: pc })
    if (outcome !== 'done') throw new Error(`${step.name} on ${pc}: ${outcome}, ${reason}`)
  }
  await room.run([
    'label',
    'node',
    pc,
    `${MASTER}-`,
    'node.kubernetes.io/exclude-from-external-load-balancers-',
  ])
  await room.run(['taint', 'node', pc, `${MASTER}-`])
  await must({ name: 'stop-api' })
  await removeMember(crown, pc, by)
  await must({ name: 'demote' })
  await becomesWorker(crown, pc)
}

/** Boots a PC by a Job, and waits until the cluster says that it has another boot. */
export async function bootByJob(crown: CrownRoom, operation: string, pc: string): Promise<number> {
  const { room, told } = crown
  const boot = async (): Promise<string> =>
    (await room.run(['get', 'node', pc, '-o', 'jsonpath={.status.nodeInfo.bootID}'])).stdout
  const before = await boot()
  const since = performance.now()
  const said = await told({ operation, step: { name: 'reboot', argument: before }, node: pc })
  if (said.outcome !== 'done') throw new Error(said.reason)
  await eventually(`${pc} has another boot`, async () => ![before, ''].includes(await boot()), {
    seconds: 120,
  })
  await pcBecomes(room, pc, 'True')
  return (performance.now() - since) / 1000
}
