import {
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
} from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { z } from 'zod'
import { keptClient } from '../../../cluster/client.ts'
import type { Page } from '../../../cluster/pages.ts'
import { watch } from '../../../cluster/watch.ts'
import { API_GROUP, API_VERSION, GLUSTER, NAMESPACES } from '../../../config/names.ts'
import type { Named } from './names.ts'
import { PC_PATTERN } from './places.ts'
import type { VolumeCluster } from './volume.ts'

const namespace = NAMESPACES.storage
/** The custom resource that says which PCs serve the volume. */
export const VOLUMES = {
  group: API_GROUP,
  version: API_VERSION,
  namespace,
  plural: 'glustervolumes',
} as const

const Listed = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.custom<KubernetesObject>((item) => typeof item === 'object' && item !== null)),
})
const Volume = z.object({
  metadata: z.object({ name: z.literal(GLUSTER.volume) }),
  status: z.object({ servers: z.array(z.string()) }),
})

/** The PCs that a GlusterVolume names. What is no name becomes no argument. */
export function serversIn(raw: unknown): string[] | undefined {
  const read = Volume.safeParse(raw)
  return read.success ? read.data.status.servers.filter((name) => PC_PATTERN.test(name)) : undefined
}

/** What the Nodes and the GlusterVolume say, kept current. */
export function volumeCluster(cluster: KubeConfig, log: Logger): VolumeCluster {
  const core = keptClient(cluster, CoreV1Api)
  const custom = keptClient(cluster, CustomObjectsApi)
  const nodes = watch(
    cluster,
    {
      path: '/api/v1/nodes',
      list: (page) => core.listNode(page),
      keep: ({ metadata, status }): Named | undefined => {
        const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
        return metadata?.name && address ? { name: metadata.name, address } : undefined
      },
    },
    log,
  )
  const volumes = watch<KubernetesObject, string[]>(
    cluster,
    {
      path: `/apis/${API_GROUP}/${API_VERSION}/namespaces/${namespace}/${VOLUMES.plural}`,
      list: async (page: Page): Promise<KubernetesListObject<KubernetesObject>> => {
        const { metadata, items } = Listed.parse(
          await custom.listNamespacedCustomObject({ ...VOLUMES, ...page }),
        )
        const { resourceVersion, continue: _continue } = metadata
        return { items, metadata: { resourceVersion, ...(_continue ? { _continue } : {}) } }
      },
      keep: serversIn,
    },
    log,
  )
  return {
    servers: () => volumes.get(GLUSTER.volume) ?? [],
    pcs: () => (nodes.ready() ? nodes.all() : undefined),
    onChange(changed) {
      nodes.onChange(changed)
      volumes.onChange(changed)
    },
    async stop() {
      await Promise.all([nodes.stop(), volumes.stop()])
    },
  }
}
