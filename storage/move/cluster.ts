import {
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node'
import { unless } from '../../cluster/answer.ts'
import { keptClient } from '../../cluster/client.ts'
import { listPages } from '../../cluster/pages.ts'
import {
  FIELD_MANAGERS,
  API_GROUP as group,
  NAMESPACES,
  STORAGE_MOVE,
  API_VERSION as version,
} from '../../config/names.ts'
import { countPods, type PodCount, usingPod } from './pods.ts'
import type { MoveStatus } from './status.ts'

export interface MoveCluster {
  /** As new as the last write of anybody. */
  pods(): Promise<PodCount>
  tell(status: MoveStatus): Promise<void>
}

const namespace = NAMESPACES.desktops
const MERGE = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
const MOVES = { group, version, namespace: NAMESPACES.storage, plural: STORAGE_MOVE.plural } as const

export function moveCluster(cluster: KubeConfig): MoveCluster {
  const core = keptClient(cluster, CoreV1Api)
  const custom = keptClient(cluster, CustomObjectsApi)
  const fieldManager = FIELD_MANAGERS.mover
  const { name } = STORAGE_MOVE
  return {
    async pods() {
      const { items } = await listPages((page) => core.listNamespacedPod({ namespace, ...page }))
      return countPods(items.map(usingPod))
    },
    async tell(status) {
      const body = { status }
      const patched = await unless(404, () =>
        custom.patchNamespacedCustomObjectStatus({ ...MOVES, name, body, fieldManager }, MERGE),
      )
      if (patched !== undefined) return
      const made = {
        apiVersion: `${group}/${version}`,
        kind: STORAGE_MOVE.kind,
        metadata: { name, namespace: MOVES.namespace },
        spec: {},
      }
      await unless(409, () => custom.createNamespacedCustomObject({ ...MOVES, body: made, fieldManager }))
      await custom.patchNamespacedCustomObjectStatus({ ...MOVES, name, body, fieldManager }, MERGE)
    },
  }
}
