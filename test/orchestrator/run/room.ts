import { setTimeout as after } from 'node:timers/promises'
import {
  BatchV1Api,
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  type V1Node,
} from '@kubernetes/client-node'
import { Chart, Testing } from 'cdk8s'
import { guardDefinition } from '../../../charts/orchestrator/definitions.ts'
import { keptClient } from '../../../cluster/client.ts'
import { CORDONED_BY, MASTER } from '../../../config/labels.ts'
import { API_GROUP, API_VERSION, CONTROL_PLANE_GUARD, NAMESPACES } from '../../../config/names.ts'
import { act, type Hands } from '../../../orchestrator/act/act.ts'
import type { Effect } from '../../../orchestrator/effect.ts'
import { type GuardStore, guardStore } from '../../../orchestrator/guard.ts'
import { openEyes } from '../../../orchestrator/observe/look.ts'
import { lookOnce, type Running } from '../../../orchestrator/run.ts'
import type { State } from '../../../orchestrator/state.ts'
import type { Clock } from '../../../service/clock.ts'
import { must, type OwnLab, ownLab } from '../../harness/lab.ts'
import { eventually } from '../../harness/wait.ts'
import { openPcs, type Pcs } from './pcs.ts'

/** A room of such PCs with a Guard, and the orchestrator's own runs in it. Time passes four times as fast for these. */

export const FASTER = 4

const clock: Clock = {
  now: () => FASTER * performance.now(),
  wall: () => new Date(FASTER * Date.now()),
  sleep: async (ms, signal) => {
    await after(Math.max(0, ms / FASTER), undefined, signal ? { signal } : {}).catch(() => {})
  },
}

export interface MastersRoom {
  readonly pcs: Pcs
  readonly cluster: KubeConfig
  readonly core: CoreV1Api
  /** What was told, as `Reason: message`. */
  readonly told: readonly string[]
  /** What was done, in order: the effect's kind. */
  readonly done: readonly string[]
  running(interfere?: Interfere): Running
  state(): Promise<State>
  /** Writes another record in place of the one that is there. */
  rewrite(change: (state: State) => State): Promise<void>
  order(annotations: Readonly<Record<string, string | null>>): Promise<void>
  spec(spec: object): Promise<void>
  /** Looks again and again until the state is as wanted. */
  until(what: string, is: (state: State) => boolean, running?: Running, seconds?: number): Promise<State>
  /** Looks until nothing goes on and those are the voters: so many, and none of these. */
  untilVoters(count: number, without?: readonly string[]): Promise<void>
  /** Nobody has to wait for what rests after an operation, or for a number that must stand for long. */
  hasten(): Promise<void>
  node(name: string): Promise<V1Node | undefined>
  /** Nothing that an operation used is left: Secrets, PCs that are closed. */
  left(): Promise<readonly string[]>
  end(): Promise<void>
}

/** What befalls a run: before an effect is done, and after it. What it throws ends that look. */
export interface Interfere {
  readonly before?: (effect: Effect) => Promise<void> | void
  readonly after?: (effect: Effect) => Promise<void> | void
}

const OURS = {
  group: API_GROUP,
  version: API_VERSION,
  plural: CONTROL_PLANE_GUARD.plural,
  name: CONTROL_PLANE_GUARD.name,
} as const

export async function openRoom(pcCount: number, masters: number, spec: object = {}): Promise<MastersRoom> {
  const own = await ownLab()
  await prepare(own, {
    mode: 'Act',
    count: masters,
    deadAfterSeconds: 60,
    reboot: 'Always',
    backup: 'Preferred',
    ...spec,
  })
  const cluster = own.kubeConfig
  const pcs = await openPcs(cluster, pcCount, masters)
  const core = keptClient(cluster, CoreV1Api)
  const custom = keptClient(cluster, CustomObjectsApi)
  const store = guardStore(cluster)
  const told: string[] = []
  const done: string[] = []
  const never = new AbortController().signal
  const room: MastersRoom = {
    pcs,
    cluster,
    core,
    told,
    done,
    running: (interfere = {}) => runningIn({ cluster, pcs, store, told, done, interfere }),
    state: async () => (await store.read()).state,
    async rewrite(change) {
      const guard = await store.read()
      await custom.replaceClusterCustomObjectStatus({
        ...OURS,
        body: {
          apiVersion: `${API_GROUP}/${API_VERSION}`,
          kind: CONTROL_PLANE_GUARD.kind,
          metadata: { name: OURS.name, resourceVersion: guard.version },
          status: { record: change(guard.state) },
        },
      })
    },
    async order(annotations) {
      await must(own.lab, [
        'annotate',
        CONTROL_PLANE_GUARD.plural,
        OURS.name,
        '--overwrite',
        ...Object.entries(annotations).map(([key, value]) =>
          value === null ? `${key}-` : `${key}=${value}`,
        ),
      ])
    },
    async spec(change) {
      await must(own.lab, [
        'patch',
        CONTROL_PLANE_GUARD.plural,
        OURS.name,
        '--type=merge',
        '-p',
        JSON.stringify({ spec: change }),
      ])
    },
    async until(what, is, running = room.running(), seconds = 180) {
      return eventually(
        what,
        async () => {
          await lookOnce(running, never).catch((error: unknown) => told.push(`look failed: ${error}`))
          const state = await room.state()
          return is(state) ? state : undefined
        },
        { seconds, every: 250 },
      )
    },
    async untilVoters(count, without = []) {
      const running = room.running()
      await eventually(
        `${count} vote`,
        async () => {
          await lookOnce(running, never).catch((error: unknown) => told.push(`look failed: ${error}`))
          const voters = await pcs.voters()
          const isOver = (await room.state()).operation === undefined
          if (isOver) await room.hasten()
          return isOver && voters.length === count && !voters.some((name) => without.includes(name))
        },
        { seconds: 600, every: 250 },
      )
    },
    hasten: () =>
      room.rewrite((state) => ({
        ...state,
        restUntil: 0,
        size: { ...state.size, nextSince: 0 },
        heard: steadyFor(24 * 3_600_000, state.heard),
      })),
    node: async (name) => (await core.listNode()).items.find(({ metadata }) => metadata?.name === name),
    async left() {
      const secrets = await core.listNamespacedSecret({ namespace: NAMESPACES.crown })
      const system = await core.listNamespacedSecret({ namespace: 'kube-system' })
      const nodes = await core.listNode()
      return [
        ...secrets.items.map(({ metadata }) => metadata?.name ?? ''),
        ...system.items
          .map(({ metadata }) => metadata?.name ?? '')
          .filter((name) => /^(kubeadm-certs|bootstrap-token)/.test(name)),
        ...nodes.items.flatMap(({ metadata, spec: { unschedulable } = {} }) =>
          unschedulable || metadata?.annotations?.[CORDONED_BY] ? [`closed: ${metadata?.name}`] : [],
        ),
      ]
    },
    async end() {
      await pcs.end()
      await own.end()
    },
  }
  // Known for long, and steady: nobody need wait for that.
  await lookOnce(room.running(), never)
  await room.hasten()
  return room
}

const steadyFor = (ms: number, heard: State['heard']): State['heard'] =>
  Object.fromEntries(
    Object.entries(heard).map(([name, one]) => [name, { ...one, steadySince: one.since - ms }]),
  )

interface Parts {
  readonly cluster: KubeConfig
  readonly pcs: Pcs
  readonly store: GuardStore
  readonly told: string[]
  readonly done: string[]
  readonly interfere: Interfere
}

function runningIn({ cluster, pcs, store, told, done, interfere }: Parts): Running {
  const { authority } = pcs.etcd.credentials
  const hands: Hands = {
    core: keptClient(cluster, CoreV1Api),
    batch: keptClient(cluster, BatchV1Api),
    gateway: pcs.gateway,
    clock,
    image: 'registry.test/deskfleet@sha256:0000',
    authority,
    apiFiles: async () => ({ files: new Map() }),
  }
  return {
    store,
    eyes: openEyes({ cluster, gateway: pcs.gateway, clock, authority }),
    clock,
    async act(effect, operation, look) {
      await interfere.before?.(effect)
      const inTheWay = await act(effect, operation, look, hands)
      done.push('step' in effect ? `${effect.do} ${effect.step}` : effect.do)
      await interfere.after?.(effect)
      return inTheWay
    },
    listener: {
      told: async (_, news) => void told.push(...news.map(({ reason, message }) => `${reason}: ${message}`)),
      looked: ({ unread }) => unread !== undefined && told.push(`etcd unread: ${unread}`),
      refused: (effect, why) => told.push(`refused ${effect.do}: ${why}`),
      acted: (effect, inTheWay) =>
        inTheWay !== undefined && told.push(`in the way of ${effect.do}: ${inTheWay}`),
      failed: (error) => told.push(`failed: ${error}`),
    },
  }
}

async function prepare({ lab }: OwnLab, spec: object): Promise<void> {
  const { kind } = CONTROL_PLANE_GUARD
  await must(lab, ['create', 'namespace', NAMESPACES.crown])
  const chart = new Chart(Testing.app(), 'definition')
  guardDefinition(chart)
  await must(lab, ['apply', '-f', '-'], chart.toJson()[0])
  const object = {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind,
    metadata: { name: CONTROL_PLANE_GUARD.name },
    spec,
  }
  await eventually(
    'the Guard is taken',
    async () => (await lab.run(['apply', '-f', '-'], { input: JSON.stringify(object) })).code === 0,
  )
  const kubeadm = 'controlPlaneEndpoint: 10.0.0.1:6443\nkubernetesVersion: v1.37.2\n'
  await must(lab, [
    'create',
    'configmap',
    'kubeadm-config',
    '-n',
    'kube-system',
    `--from-literal=ClusterConfiguration=${kubeadm}`,
  ])
}

export const isMaster = (node: V1Node | undefined): boolean => MASTER in (node?.metadata?.labels ?? {})
