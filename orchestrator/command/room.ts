import {
  AppsV1Api,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
} from '@kubernetes/client-node'
import { openCluster, readOf } from '../../cli/cluster.ts'
import { GUARD, type ToldGuard, toldGuard } from '../../cluster/control-plane-guard.ts'
import { toldVolume } from '../../cluster/gluster-volume.ts'
import { CONTROL_PLANE_GUARD, NAMESPACES } from '../../config/names.ts'
import type { Facts } from '../facts.ts'
import { type Guard, readGuard } from '../guard.ts'
import { nodesFrom } from '../observe/nodes.ts'

/** The room as a command reads it, with an administrator's own rights. */

export const OF_GUARD = `${CONTROL_PLANE_GUARD.kind} ${CONTROL_PLANE_GUARD.name}`
const ADVICE = 'was the app "orchestrator" delivered?'

export interface ToldRoom {
  readonly cluster: KubeConfig
  readonly core: CoreV1Api
  readonly custom: CustomObjectsApi
  readonly guard: ToldGuard
}

/** @throws where nobody watches over the masters of that cluster */
export async function openRoom(kubeconfig: string | undefined): Promise<ToldRoom> {
  const cluster = openCluster(kubeconfig)
  const custom = cluster.makeApiClient(CustomObjectsApi)
  const guard = await readOf(OF_GUARD, async () => (await toldGuard(custom)) ?? 'none', ADVICE)
  if (guard === 'none') throw new Error(`${OF_GUARD} is not there; ${ADVICE}`)
  return { cluster, core: cluster.makeApiClient(CoreV1Api), custom, guard }
}

/** Namespace of the Leases by which kubelets say that they live. */
const HEARTBEATS = 'kube-node-lease'

/** All of the Guard, and what a choice of an heir rests on. Of etcd, which no command reaches, nothing is known. */
export async function lookAt({ cluster, core, custom }: ToldRoom): Promise<{ guard: Guard; facts: Facts }> {
  const guard = await readOf(
    OF_GUARD,
    async () => readGuard(await custom.getClusterCustomObject(GUARD)),
    ADVICE,
  )
  const apps = cluster.makeApiClient(AppsV1Api)
  const leases = cluster.makeApiClient(CoordinationV1Api)
  const [nodes, heartbeats, pods, deployments, disks, volume] = await Promise.all([
    core.listNode(),
    leases.listNamespacedLease({ namespace: HEARTBEATS }),
    core.listPodForAllNamespaces(),
    apps.listNamespacedDeployment({ namespace: NAMESPACES.desktops }),
    core.listPersistentVolume(),
    toldVolume(custom).catch(() => 'unread' as const),
  ])
  const facts: Facts = {
    nodes: nodesFrom({
      nodes: nodes.items,
      leases: heartbeats.items,
      pods: pods.items,
      deployments: deployments.items,
      disks: disks.items,
      volume,
      now: Date.now(),
    }),
    etcd: 'unread',
    apis: [],
    reached: [],
    jobs: [],
    secrets: [],
    backup: undefined,
    backsUp: false,
    controllersSince: undefined,
    latency: 0,
    upgrading: false,
    orders: guard.orders,
  }
  return { guard, facts }
}
