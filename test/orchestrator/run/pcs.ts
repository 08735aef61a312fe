import { randomBytes, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CoordinationV1Api,
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1Pod,
} from '@kubernetes/client-node'
import { unless } from '../../../cluster/answer.ts'
import { keptClient } from '../../../cluster/client.ts'
import { MASTER } from '../../../config/labels.ts'
import { NAMESPACES } from '../../../config/names.ts'
import { type EtcdLab, type LabMember, up } from '../../../lab/etcd/etcd.ts'
import { type Gateway, openGateway } from '../../../orchestrator/etcd/gateway.ts'
import { addLearner, promoteMember, readMembers } from '../../../orchestrator/etcd/members.ts'
import { LAID_OUT } from '../../../orchestrator/observe/secrets.ts'
import { eventually } from '../../harness/wait.ts'

/**
 * PCs of which the kubelet alone is simulated: they renew their Leases, run node jobs by doing what those are for, and boot. Their
 * Nodes, Leases, Jobs and pods lie in a real API server with its real controllers; the etcd of each master is a real one.
 */
export interface Pcs {
  readonly etcd: EtcdLab
  readonly gateway: Gateway
  readonly names: readonly string[]
  /** Those whose etcd runs. */
  masters(): readonly string[]
  /** Names of the voters, as a majority has them. */
  voters(): Promise<readonly string[]>
  off(name: string): Promise<void>
  on(name: string): Promise<void>
  /** What was asked of a PC, in order: `pc-4 join`. */
  readonly asked: readonly string[]
  /** What a step does before it does what it is for. */
  before: (name: string, step: string) => Promise<void>
  end(): Promise<void>
}

interface Pc {
  readonly name: string
  readonly address: string
  on: boolean
  bootId: string
  member: LabMember | undefined
  api: Server | undefined
  /** Pods that it has begun. */
  readonly begun: Set<string>
  /** When it renewed its Lease last, in ms. */
  renewed: number
}

const namespace = NAMESPACES.crown
const LEASES = 'kube-node-lease'
const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
/** Ms between two turns of all kubelets. */
const TURN = 250
/** Ms from one renewal of a Lease to the next. */
const RENEWS = 1_500

/** As kubelets write it. */
const microTime = (): string => new Date().toISOString().replace('Z', '000Z')

const bootId = (): string =>
  randomBytes(16)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

export async function openPcs(cluster: KubeConfig, count: number, masters: number): Promise<Pcs> {
  const core = keptClient(cluster, CoreV1Api)
  const coordination = keptClient(cluster, CoordinationV1Api)
  // A network of loopback that no other test has.
  const network = `127.${randomInt(64, 250)}.${randomInt(1, 250)}`
  const pcs = Array.from(
    { length: count },
    (_, at): Pc => ({
      name: `pc-${at + 1}`,
      address: `${network}.${at + 1}`,
      on: true,
      bootId: bootId(),
      member: undefined,
      api: undefined,
      begun: new Set(),
      renewed: 0,
    }),
  )
  const etcd = await up({
    name: `masters-${randomBytes(3).toString('hex')}`,
    members: masters,
    ownerPid: process.pid,
    addresses: pcs.slice(0, 12).map(({ address }) => address),
    ports: { client: 2379, peer: 2380 },
    extra: ['--heartbeat-interval=100', '--election-timeout=1000', '--unsafe-no-fsync'],
  })
  const gateway = openGateway(etcd.credentials)
  for (const member of etcd.members) {
    const pc = pcOf(member.name)
    pc.member = member
    await serveApi(pc)
  }
  for (const pc of pcs) await register(pc)

  const asked: string[] = []
  const ending = new AbortController()
  const self: Pcs = {
    etcd,
    gateway,
    names: pcs.map(({ name }) => name),
    masters: () => pcs.filter(({ member }) => member?.runs()).map(({ name }) => name),
    async voters() {
      const list = await readMembers(gateway, urls())
      if (list.is !== 'done') throw new Error(list.why)
      return list.value.members
        .filter(({ isLearner }) => !isLearner)
        .map(({ name }) => name)
        .sort()
    },
    async off(name) {
      const pc = pcOf(name)
      pc.on = false
      pc.api?.closeAllConnections()
      pc.api?.close()
      pc.api = undefined
      await pc.member?.kill()
    },
    async on(name) {
      const pc = pcOf(name)
      pc.bootId = bootId()
      if (pc.member !== undefined && !(await uncrowned(pc))) {
        await pc.member.start()
        await serveApi(pc)
      }
      await register(pc)
      pc.on = true
    },
    asked,
    before: async () => {},
    async end() {
      ending.abort()
      await turning
      for (const { api } of pcs) {
        api?.closeAllConnections()
        api?.close()
      }
      await etcd.down()
    },
  }
  const turning = (async () => {
    while (!ending.signal.aborted) {
      await turn().catch((error: unknown) => console.error(String(error).slice(0, 300)))
      await sleep(TURN)
    }
  })()
  return self

  function pcOf(name: string): Pc {
    const found = pcs.find((pc) => pc.name === name)
    if (found === undefined) throw new Error(`there is no ${name}`)
    return found
  }

  function urls(): string[] {
    return pcs.flatMap(({ on, member }) => (on && member?.runs() ? [member.clientUrl] : []))
  }

  /** What answers at a master's own address: its certificate is that of the etcd there. */
  async function serveApi(pc: Pc): Promise<void> {
    const file = (name: string): string => readFileSync(join(etcd.dir, 'pki', name), 'utf8')
    const server = createServer({ cert: file('member.crt'), key: file('member.key') }, (_, answer) => {
      answer.end('ok')
    })
    await new Promise<void>((resolve) => server.listen(6443, pc.address, resolve))
    pc.api = server
  }

  async function register(pc: Pc): Promise<void> {
    const { name, address } = pc
    const labels = { 'kubernetes.io/hostname': name, ...(pc.member ? { [MASTER]: '' } : {}) }
    await unless(409, () => core.createNode({ body: { metadata: { name, labels } } }))
    await core.patchNodeStatus(
      {
        name,
        body: {
          status: {
            addresses: [{ type: 'InternalIP', address }],
            capacity: { cpu: '4', memory: '8Gi', pods: '110' },
            allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
            conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'simulated' }],
            nodeInfo: { ...NODE_INFO, bootID: pc.bootId },
          },
        },
      },
      merge,
    )
    await renew(pc)
  }

  async function renew(pc: Pc): Promise<void> {
    const { name } = pc
    pc.renewed = performance.now()
    const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTime() as never }
    const patched = await unless(404, () =>
      coordination.patchNamespacedLease({ namespace: LEASES, name, body: { spec } }, merge),
    )
    if (patched === undefined)
      await unless(409, () =>
        coordination.createNamespacedLease({
          namespace: LEASES,
          body: { metadata: { name, namespace: LEASES }, spec },
        }),
      )
  }

  /** A replaced master takes its crown off before its kubelet starts, as the host's file does by its two witnesses. */
  async function uncrowned(pc: Pc): Promise<boolean> {
    const node = await unless(404, () => core.readNode({ name: pc.name }))
    const isListed = (await self.voters().catch(() => [pc.name])).includes(pc.name)
    if (node !== undefined || isListed) return false
    pc.member?.loseDisk()
    pc.member = undefined
    return true
  }

  async function turn(): Promise<void> {
    await Promise.all(
      pcs.filter(({ on, renewed }) => on && performance.now() - renewed > RENEWS).map((pc) => renew(pc)),
    )
    const { items } = await core.listPodForAllNamespaces()
    for (const pod of items) {
      const pc = pcs.find(({ name, on }) => on && name === pod.spec?.nodeName)
      if (pc === undefined) continue
      const { name = '', namespace: of = '', deletionTimestamp } = pod.metadata ?? {}
      if (deletionTimestamp !== undefined)
        await unless(404, () =>
          core.deleteNamespacedPod({ name, namespace: of, body: { gracePeriodSeconds: 0 } }),
        )
      else if (of === namespace && pod.status?.phase === 'Pending' && !pc.begun.has(name)) {
        pc.begun.add(name)
        void carryOut(pc, pod).catch((error: unknown) => console.error(`${name}: ${error}`))
      }
    }
  }

  async function carryOut(pc: Pc, pod: V1Pod): Promise<void> {
    const [step = '', operation = '', attempt = '', , argument] = pod.spec?.containers[0]?.args ?? []
    asked.push(`${pc.name} ${step}`)
    await self.before(pc.name, step)
    if (!pc.on) return
    const more = await doStep(pc, step, argument ?? '')
    const told = { step, operation, attempt, outcome: 'done', reason: `${step} is done`, ...more }
    const now = new Date()
    await unless(404, () =>
      core.patchNamespacedPodStatus(
        {
          name: pod.metadata?.name ?? '',
          namespace,
          body: {
            status: {
              phase: 'Succeeded',
              containerStatuses: [
                {
                  name: pod.spec?.containers[0]?.name,
                  image: pod.spec?.containers[0]?.image,
                  imageID: '',
                  ready: false,
                  restartCount: 0,
                  state: {
                    terminated: {
                      exitCode: 0,
                      reason: 'Completed',
                      message: JSON.stringify(told),
                      startedAt: now,
                      finishedAt: now,
                    },
                  },
                },
              ],
            },
          },
        },
        merge,
      ),
    )
  }

  async function doStep(pc: Pc, step: string, argument: string): Promise<object> {
    switch (step) {
      case 'reach':
        return { reached: pcs.some(({ address, on }) => address === argument && on) }
      case 'facts':
        return { ...HOST_FACTS, bootId: pc.bootId, master: pc.member !== undefined }
      case 'reboot':
        if (pc.bootId === argument)
          void (async () => {
            await sleep(500)
            await self.off(pc.name)
            await sleep(500)
            await self.on(pc.name)
          })()
        return {}
      case 'mint':
        await unless(409, () =>
          core.createNamespacedSecret({
            namespace: 'kube-system',
            body: { metadata: { name: LAID_OUT }, stringData: { 'ca.key': 'encrypted' } },
          }),
        )
        return {}
      case 'join':
        await becomeMaster(pc)
        return {}
      case 'stop-api':
        pc.api?.closeAllConnections()
        pc.api?.close()
        pc.api = undefined
        return {}
      case 'demote':
        await pc.member?.kill()
        pc.member?.loseDisk()
        pc.member = undefined
        pc.api?.closeAllConnections()
        pc.api?.close()
        pc.api = undefined
        return {}
      default:
        return {}
    }
  }

  /** As kubeadm does: a learner is announced, starts, is made a voter; then the API server, the label and the taint. */
  async function becomeMaster(pc: Pc): Promise<void> {
    if (pc.member === undefined) {
      const list = await readMembers(gateway, urls())
      if (list.is !== 'done') throw new Error(list.why)
      const beside = pcs.flatMap(({ member }) =>
        member && list.value.members.some(({ name }) => name === member.name) ? [member] : [],
      )
      const member = await etcd.newcomer(pc.name, beside, pc.address)
      const added = await addLearner(gateway, urls(), member.peerUrl)
      if (added.is !== 'done') throw new Error(added.why)
      pc.member = member
      await member.start()
    }
    const others = urls()
    await eventually(`${pc.name} votes`, async () => {
      const list = await readMembers(gateway, others)
      const mine = list.is === 'done' && list.value.members.find(({ name }) => name === pc.name)
      if (!mine) return false
      return !mine.isLearner || (await promoteMember(gateway, others, mine.id)).is === 'done'
    })
    if (pc.api === undefined) await serveApi(pc)
    await core.patchNode(
      {
        name: pc.name,
        body: {
          metadata: { labels: { [MASTER]: '' } },
          spec: { taints: [{ key: MASTER, effect: 'PreferNoSchedule' }] },
        },
      },
      merge,
    )
  }
}

const NODE_INFO = {
  architecture: 'amd64',
  containerRuntimeVersion: 'containerd://2',
  kernelVersion: '6',
  kubeProxyVersion: '',
  kubeletVersion: 'v1.37.2',
  machineID: '',
  operatingSystem: 'linux',
  osImage: 'Debian',
  systemUUID: '',
}

const HOST_FACTS = {
  kubeadm: 'v1.37.2',
  cores: 4,
  memoryMiB: 8_192,
  freeMiB: 100_000,
  syncMicroseconds: 500,
  clockSynchronized: true,
  apiReady: true,
  joining: false,
  uncrowning: false,
  epoch: 0,
  apiFiles: [],
}
