import { randomBytes } from 'node:crypto'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import {
  type Cluster,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  V1MicroTime,
} from '@kubernetes/client-node'
import { Chart, Testing } from 'cdk8s'
import { pino } from 'pino'
import { glusterDefinitions, usageDefinition } from '../../charts/storage/definitions.ts'
import { BRICK } from '../../config/labels.ts'
import {
  API_GROUP,
  API_VERSION,
  GLUSTER,
  GLUSTER_BRICK,
  GLUSTER_VOLUME,
  NAMESPACES,
  STORAGE_USAGE,
} from '../../config/names.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { type GlusterLab, type Pc, type Server, up } from '../../lab/gluster/gluster.ts'
import { systemClock } from '../../service/clock.ts'
import { openService } from '../../service/service.ts'
import { startAgent } from '../../storage/gluster/agent/service.ts'
import type { VolumeStatus } from '../../storage/gluster/agent/status.ts'
import { readVolume, type StoredVolume } from '../../storage/gluster/agent/stored.ts'
import { glusterCommand } from '../../storage/gluster/glusterd/call.ts'
import { observe, type Told } from '../../storage/gluster/glusterd/observe.ts'
import { must } from './lab.ts'
import { type OwnProgram, ownProgram } from './program-context.ts'
import { eventually } from './wait.ts'

/** PCs with real Gluster, each with the real agent beside it, and a real API server that knows them as Nodes. */
export interface GlusterRoom {
  readonly pcs: GlusterLab
  server(number: number): Server
  /** One more PC, with its agent. */
  add(): Promise<Server>
  /** A PC without a brick, that may mount. */
  addDesk(name: string): Promise<Pc>
  /** Its plug is pulled: its agent and its kubelet end with it. */
  off(number: number): Promise<void>
  /** Its agent ends, and another one begins. */
  restartAgent(number: number): Promise<void>
  on(number: number): Promise<void>
  /** Its cable is cut: neither another PC nor the API server hears it, nor it them. */
  cutOff(number: number): Promise<void>
  mend(number: number): Promise<void>
  /** Its agent is killed: it hears nothing of the API server any more, writes nothing, and gives no Lease back. */
  killAgent(number: number): Promise<void>
  beginAgent(number: number): Promise<void>
  /** The number of the PC whose agent keeps the volume. */
  leader(): Promise<number>
  /** As `cluster.yaml` would have it. */
  want(spec: Partial<Wanted>): Promise<void>
  retire(number: number, retiring?: boolean): Promise<void>
  volume(): Promise<StoredVolume & { readonly status: VolumeStatus }>
  /** What Gluster itself says, asked of the first PC. */
  look(): Promise<Told>
  /** Resolves with the status once it is so. */
  becomes(
    what: string,
    is: (status: VolumeStatus) => boolean,
    options?: { seconds?: number },
  ): Promise<VolumeStatus>
  end(): Promise<void>
}

export interface Wanted {
  readonly replicas: number
  readonly spares: number
  readonly replaceAfterSeconds: number
}

const namespace = NAMESPACES.storage
const VOLUMES = { group: API_GROUP, version: API_VERSION, namespace, plural: GLUSTER_VOLUME.plural }

/** Ms between two signs of life of a PC's kubelet. */
const BEAT = 3_000

export async function glusterRoom(
  lab: BareLab,
  config: KubeConfig,
  servers: number,
  wanted: Wanted,
): Promise<GlusterRoom> {
  const custom = config.makeApiClient(CustomObjectsApi)
  await define(lab)
  const head = { apiVersion: `${API_GROUP}/${API_VERSION}`, kind: GLUSTER_VOLUME.kind }
  await must(lab, ['apply', '-f', '-'], {
    ...head,
    metadata: { name: GLUSTER.volume, namespace },
    spec: wanted,
  })
  const name = `test-${randomBytes(3).toString('hex')}`
  const pcs = await up({ name, servers, kept: true, ownerPid: process.pid })
  const agents = new Map<string, OwnProgram<unknown>>()
  const kubelets = openKubelets(config)
  const ways = new Map<string, Way>()
  /** Of killed agents: they stay cut, and are closed with the rest. */
  const lost: Way[] = []
  const server = (number: number): Server => {
    const found = pcs.servers()[number - 1]
    if (found === undefined) throw new Error(`there is no PC ${number}`)
    return found
  }
  const begin = async (pc: Server): Promise<void> => {
    await kubelets.begin(pc.name, pc.address(), { [BRICK]: 'true' })
    const way = ways.get(pc.name) ?? (await wayTo(config))
    ways.set(pc.name, way)
    agents.set(pc.name, await startOn(pc, way.config))
  }
  await Promise.all(pcs.servers().map(begin))
  const volume = async () => {
    const read = readVolume(await custom.getNamespacedCustomObject({ ...VOLUMES, name: GLUSTER.volume }))
    return read as StoredVolume & { readonly status: VolumeStatus }
  }
  return {
    pcs,
    server,
    async add() {
      const pc = await pcs.addServer()
      await begin(pc)
      return pc
    },
    async addDesk(desk) {
      const pc = await pcs.addClient(desk, { of: 'room', name: desk })
      await kubelets.begin(desk, pc.address(), {})
      return pc
    },
    async cutOff(number) {
      const pc = server(number)
      await pc.cutOff()
      ways.get(pc.name)?.cut(true)
      kubelets.end(pc.name)
    },
    async mend(number) {
      const pc = server(number)
      await pc.mend()
      ways.get(pc.name)?.cut(false)
      await kubelets.begin(pc.name, pc.address(), { [BRICK]: 'true' })
    },
    async off(number) {
      const pc = server(number)
      kubelets.end(pc.name)
      const agent = agents.get(pc.name)
      agents.delete(pc.name)
      await pc.powerOff()
      await agent?.end()
    },
    async restartAgent(number) {
      const pc = server(number)
      await agents.get(pc.name)?.end()
      const way = ways.get(pc.name) ?? (await wayTo(config))
      agents.set(pc.name, await startOn(pc, way.config))
    },
    async on(number) {
      await server(number).powerOn()
      await begin(server(number))
    },
    async killAgent(number) {
      const { name } = server(number)
      const agent = agents.get(name)
      agents.delete(name)
      const way = ways.get(name)
      ways.delete(name)
      way?.cut(true)
      if (way) lost.push(way)
      await agent?.end()
    },
    async beginAgent(number) {
      await begin(server(number))
    },
    async leader() {
      const lease = await config
        .makeApiClient(CoordinationV1Api)
        .readNamespacedLease({ namespace, name: GLUSTER.server })
      return Number(lease.spec?.holderIdentity?.slice('pc-'.length))
    },
    async want(spec) {
      await must(lab, [
        ...['-n', namespace, 'patch', GLUSTER_VOLUME.singular, GLUSTER.volume],
        ...['--type=merge', '-p', JSON.stringify({ spec })],
      ])
    },
    async retire(number, retiring = true) {
      const patch = JSON.stringify({ spec: { retiring } })
      const of = [GLUSTER_BRICK.singular, server(number).name]
      await must(lab, ['-n', namespace, 'patch', ...of, '--type=merge', '-p', patch])
    },
    volume,
    async look() {
      const first = server(1)
      const asked = {
        gluster: glusterCommand(first.way()),
        clock: systemClock,
        me: first.name,
        volume: GLUSTER.volume,
      }
      return (await observe(asked)).told
    },
    async becomes(what, is, { seconds = 120 } = {}) {
      let seen: VolumeStatus | undefined
      await eventually(
        what,
        async () => {
          seen = (await volume()).status
          return seen !== undefined && is(seen)
        },
        { seconds, every: 500 },
      ).catch((error: unknown) => {
        throw new Error(`${what}: ${JSON.stringify({ ...seen, memory: seen?.memory }, undefined, 1)}`, {
          cause: error,
        })
      })
      return seen as VolumeStatus
    },
    async end() {
      kubelets.endAll()
      await Promise.all([...agents.values()].map((agent) => agent.end()))
      for (const way of [...ways.values(), ...lost]) way.close()
      await pcs.down()
    },
  }
}

async function define(lab: BareLab): Promise<void> {
  const chart = new Chart(Testing.app(), 'definitions')
  glusterDefinitions(chart)
  usageDefinition(chart)
  for (const one of chart.toJson()) await must(lab, ['apply', '-f', '-'], one)
  const meta = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
  await must(lab, ['apply', '-f', '-'], meta)
  for (const { plural } of [GLUSTER_VOLUME, GLUSTER_BRICK, STORAGE_USAGE]) {
    const served = async () => (await lab.run(['get', `${plural}.${API_GROUP}`, '-A'])).code === 0
    await eventually(`${plural} are served`, served)
  }
}

async function startOn(pc: Server, cluster: KubeConfig): Promise<OwnProgram<unknown>> {
  const level = process.env.DESKFLEET_AGENT_LOG ?? 'silent'
  const log = pino({ level, name: pc.name }, pino.destination({ fd: 2, sync: true }))
  const settings = {
    metricsListen: { host: '127.0.0.1', port: 0 },
    node: pc.name,
    places: { brick: pc.mountPoint, state: '/var/lib/glusterd', tls: '/etc/ssl' },
    mount: '/mnt',
    timeZone: 'UTC',
  }
  const program = ownProgram(settings, log, pc.name)
  const inside = { root: pc.root(), way: pc.way() }
  const ran = startAgent(await openService(program.context), { cluster, inside, hosts: undefined })
  return {
    ...program,
    async end() {
      await program.end()
      await ran
    },
  }
}

/** One PC's way to the API server, which is none of its own network in this lab; it can be cut like its cable. */
interface Way {
  readonly config: KubeConfig
  cut(is: boolean): void
  close(): void
}

async function wayTo(to: KubeConfig): Promise<Way> {
  const { hostname, port } = new URL(to.getCurrentCluster()?.server ?? '')
  const open = new Set<Socket>()
  let isCut = false
  const relay = createServer((near) => {
    const far = connect(Number(port), hostname)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one)
      // What is cut says nothing, not even goodbye.
      one.on('data', (chunk) => void (isCut || other.write(chunk)))
      one
        .on('error', () => {})
        .on('close', () => {
          open.delete(one)
          other.destroy()
        })
    }
  })
  await new Promise<void>((listening) => relay.listen(0, '127.0.0.1', listening))
  const config = new KubeConfig()
  config.loadFromString(to.exportConfig())
  const cluster = config.getCurrentCluster()
  const address = relay.address() as AddressInfo
  config.clusters = [{ ...cluster, server: `https://127.0.0.1:${address.port}` } as Cluster]
  return {
    config,
    cut(is) {
      isCut = is
      // Whoever waited through it finds out, as after a real one.
      if (!is) for (const one of open) one.destroy()
    },
    close() {
      relay.close()
      for (const one of open) one.destroy()
    },
  }
}

/** What the kubelets of the PCs would tell: that each Node is there, and lives. */
function openKubelets(config: KubeConfig) {
  const core = config.makeApiClient(CoreV1Api)
  const leases = config.makeApiClient(CoordinationV1Api)
  const beats = new Map<string, NodeJS.Timeout>()
  const beat = async (name: string): Promise<void> => {
    const lease = await leases.readNamespacedLease({ namespace: 'kube-node-lease', name })
    if (lease.spec) lease.spec.renewTime = new V1MicroTime()
    await leases.replaceNamespacedLease({ namespace: 'kube-node-lease', name, body: lease })
  }
  const end = (name: string): void => {
    clearInterval(beats.get(name))
    beats.delete(name)
  }
  return {
    end,
    endAll: () => [...beats.keys()].forEach(end),
    async begin(name: string, address: string, labels: Readonly<Record<string, string>>): Promise<void> {
      const made = await core
        .createNode({ body: { metadata: { name, labels: { ...labels } } } })
        .catch(() => undefined)
      if (made) {
        const spec = { holderIdentity: name, leaseDurationSeconds: 40 }
        const body = { metadata: { name, namespace: 'kube-node-lease' }, spec }
        await leases.createNamespacedLease({ namespace: 'kube-node-lease', body })
      }
      const now = new Date()
      const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: '' }
      const status = {
        addresses: [{ type: 'InternalIP', address }],
        conditions: [{ ...ready, lastHeartbeatTime: now, lastTransitionTime: now }],
      }
      const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
      await core.patchNodeStatus({ name, body: { status } }, merge)
      await beat(name).catch(() => {})
      end(name)
      beats.set(
        name,
        setInterval(() => void beat(name).catch(() => {}), BEAT),
      )
    },
  }
}
