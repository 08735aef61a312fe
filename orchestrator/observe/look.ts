import {
  AppsV1Api,
  BatchV1Api,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  type V1Deployment,
  type V1Job,
  type V1Node,
  type V1PersistentVolume,
  type V1Pod,
} from '@kubernetes/client-node'
import { unless } from '../../cluster/answer.ts'
import { keptClient } from '../../cluster/client.ts'
import { type ToldVolume, toldVolume } from '../../cluster/gluster-volume.ts'
import { listPages } from '../../cluster/pages.ts'
import { MASTER, OPERATION } from '../../config/labels.ts'
import { NAMESPACES } from '../../config/names.ts'
import type { Clock } from '../../service/clock.ts'
import { readNewest } from '../backup/newest.ts'
import type { Gateway } from '../etcd/gateway.ts'
import type { Facts, Orders } from '../facts.ts'
import { observeApis } from './api-servers.ts'
import { makesCopies } from './copies.ts'
import { type Address, observeEtcd, type Silent } from './etcd.ts'
import { jobsFrom, reachedFrom } from './jobs.ts'
import { nodesFrom } from './nodes.ts'
import { LAID_OUT, secretsFrom } from './secrets.ts'

/** One look at the room: all that a decision rests on, read within a few seconds. */

export interface Look {
  readonly facts: Facts
  /** Of all PCs that are known, also of masters whose Node is gone. */
  readonly addresses: readonly Address[]
  /** Node jobs and their pods, as they are. */
  readonly jobs: { readonly jobs: readonly V1Job[]; readonly pods: readonly V1Pod[] }
  /** Names of the plans that lie there. */
  readonly plans: readonly string[]
  /** When the certificate ends that the API server of each master showed, by the PC; ms since 1970. Those that showed one. */
  readonly certificates: Readonly<Record<string, number>>
  /** Why the list of members could not be read; undefined where it was. */
  readonly unread: string | undefined
}

/**
 * How far it goes. Who is a master and well is seen without pods and people's desktops, of which there are many; where something
 * is called for, everything is read.
 */
export type Depth = 'masters' | 'whole'

export interface Eyes {
  look(depth: Depth, orders: Orders): Promise<Look>
}

/** What stays of a look for the next one. */
interface Memory {
  silent: Silent
  /** PCs that etcd listed, and API servers that were not ready. */
  listed: readonly string[]
  notReady: ReadonlySet<string>
  /** Addresses by PC, of Nodes that may be gone meanwhile. */
  readonly addresses: Map<string, string>
  /** The controller-manager that leads, and since when, by our clock. */
  controllers: { readonly holder: string; readonly since: number } | undefined
}

export interface Seeing {
  readonly cluster: KubeConfig
  readonly gateway: Gateway
  readonly clock: Clock
  /** PEM: the cluster's own authority. */
  readonly authority: string
}

const namespace = NAMESPACES.crown
const LEASES = 'kube-node-lease'

export function openEyes({ cluster, gateway, clock, authority }: Seeing): Eyes {
  const core = keptClient(cluster, CoreV1Api)
  const apps = keptClient(cluster, AppsV1Api)
  const batch = keptClient(cluster, BatchV1Api)
  const coordination = keptClient(cluster, CoordinationV1Api)
  const custom = keptClient(cluster, CustomObjectsApi)
  const memory: Memory = {
    silent: new Set(),
    listed: [],
    notReady: new Set(),
    addresses: new Map(),
    controllers: undefined,
  }

  async function pods(): Promise<{
    readonly pods: readonly V1Pod[]
    readonly deployments: readonly V1Deployment[]
    readonly disks: readonly V1PersistentVolume[]
    readonly volume: ToldVolume | 'unread' | undefined
  }> {
    const [all, deployments, disks, volume] = await Promise.all([
      listPages((page) => core.listPodForAllNamespaces(page)),
      listPages((page) => apps.listNamespacedDeployment({ namespace: NAMESPACES.desktops, ...page })),
      listPages((page) => core.listPersistentVolume(page)),
      toldVolume(custom).catch((): 'unread' => 'unread'),
    ])
    return { pods: all.items, deployments: deployments.items, disks: disks.items, volume }
  }

  async function controllersSince(now: number): Promise<number | undefined> {
    const lease = await unless(404, () =>
      coordination.readNamespacedLease({ namespace: 'kube-system', name: 'kube-controller-manager' }),
    )
    const holder = lease?.spec?.holderIdentity
    if (holder === undefined) return undefined
    if (memory.controllers?.holder !== holder) {
      // Before the first look nobody of ours saw it change; its own clock is believed as far as it is past.
      const acquired = new Date(lease?.spec?.acquireTime ?? 0).getTime()
      const since = memory.controllers === undefined ? Math.min(acquired, now) : now
      memory.controllers = { holder, since }
    }
    return memory.controllers.since
  }

  return {
    async look(depth, orders) {
      const began = clock.now()
      const { items: nodes } = await listPages((page) => core.listNode(page))
      const latency = clock.now() - began
      for (const node of nodes) remember(memory.addresses, node)
      const known = addressesIn(memory)
      const masters = nodes
        .filter(({ metadata }) => MASTER in (metadata?.labels ?? {}))
        .flatMap(({ metadata }) => known.find(({ name }) => name === metadata?.name) ?? [])
      // A master whose Node is gone may still have an API server.
      const servers = known.filter(
        ({ name }) => masters.some((one) => one.name === name) || memory.listed.includes(name),
      )
      const now = clock.wall().getTime()
      const [leases, jobs, crownPods, plans, laidOut, newest, backsUp, since, etcd, seenApis, running] =
        await Promise.all([
          listPages((page) => coordination.listNamespacedLease({ namespace: LEASES, ...page })),
          batch.listNamespacedJob({ namespace, labelSelector: OPERATION }),
          core.listNamespacedPod({ namespace, labelSelector: OPERATION }),
          core.listNamespacedSecret({ namespace, labelSelector: OPERATION }),
          unless(404, () => core.readNamespacedSecret({ namespace: 'kube-system', name: LAID_OUT })),
          readNewest(core),
          makesCopies(batch),
          controllersSince(now),
          observeEtcd(gateway, masters, known, memory.silent, clock),
          observeApis(servers, memory.notReady, authority),
          depth === 'whole' ? pods() : NOTHING_RUNS,
        ])
      const apis = seenApis.filter(({ ready }) => ready).map(({ name }) => name)
      memory.notReady = new Set(servers.map(({ name }) => name).filter((name) => !apis.includes(name)))
      if (etcd.is === 'done') {
        memory.silent = etcd.value.silent
        memory.listed = etcd.value.members.map(({ pc }) => pc)
        // Of a master whose Node somebody deleted, etcd alone knows where it was.
        for (const { name, address } of etcd.value.addresses)
          if (!memory.addresses.has(name)) memory.addresses.set(name, address)
      }
      const addresses = addressesIn(memory)
      return {
        facts: {
          nodes: nodesFrom({ nodes, leases: leases.items, now, ...running }),
          etcd: etcd.is === 'done' ? { members: etcd.value.members } : 'unread',
          apis,
          reached: reachedFrom(jobs.items, crownPods.items, addresses),
          jobs: jobsFrom(jobs.items, crownPods.items),
          secrets: secretsFrom(plans.items, laidOut !== undefined),
          backup: newest && { at: Date.parse(newest.at), revision: String(newest.revision) },
          backsUp,
          controllersSince: since,
          latency,
          upgrading: versionsOf(nodes).size > 1,
          orders,
        },
        addresses,
        jobs: { jobs: jobs.items, pods: crownPods.items },
        plans: plans.items.flatMap(({ metadata }) => metadata?.name ?? []),
        certificates: Object.fromEntries(
          seenApis.flatMap(({ name, certificateEnds: end }) => (end === undefined ? [] : [[name, end]])),
        ),
        unread: etcd.is === 'done' ? undefined : etcd.why,
      }
    },
  }
}

const addressesIn = (memory: Memory): readonly Address[] =>
  [...memory.addresses].map(([name, address]) => ({ name, address }))

const NOTHING_RUNS = { pods: [], deployments: [], disks: [], volume: undefined }

function remember(addresses: Map<string, string>, { metadata, status }: V1Node): void {
  const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
  if (metadata?.name !== undefined && address !== undefined) addresses.set(metadata.name, address)
}

/** Of the kubelets of masters: whoever upgrades begins there. */
const versionsOf = (nodes: readonly V1Node[]): ReadonlySet<string> =>
  new Set(
    nodes.flatMap(({ metadata, status }) =>
      MASTER in (metadata?.labels ?? {}) ? (status?.nodeInfo?.kubeletVersion ?? []) : [],
    ),
  )
