import { CustomObjectsApi, type KubeConfig, type KubernetesObject } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { keptClient } from '../../../cluster/client.ts'
import { listedObjects } from '../../../cluster/custom-objects.ts'
import { readToldVolume } from '../../../cluster/gluster-volume.ts'
import type { Page } from '../../../cluster/pages.ts'
import { watch } from '../../../cluster/watch.ts'
import {
  API_GROUP,
  API_VERSION,
  GLUSTER,
  GLUSTER_VOLUME,
  NAMESPACES,
  PC_PATTERN,
} from '../../../config/names.ts'
import { watchPcAddresses } from '../../pc-addresses.ts'
import type { VolumeCluster } from './volume.ts'

const namespace = NAMESPACES.storage
/** The custom resource that says which PCs serve the volume. */
export const VOLUMES = {
  group: API_GROUP,
  version: API_VERSION,
  namespace,
  plural: GLUSTER_VOLUME.plural,
} as const

/** The PCs that serve the volume. What is no name becomes no argument. */
export const serversIn = (raw: unknown): string[] | undefined =>
  readToldVolume(raw)?.servers.filter((name) => PC_PATTERN.test(name))

/** What the Nodes and the GlusterVolume say, kept current. */
export function volumeCluster(cluster: KubeConfig, log: Logger): VolumeCluster {
  const custom = keptClient(cluster, CustomObjectsApi)
  const pcs = watchPcAddresses(cluster, log)
  const volumes = watch<KubernetesObject, string[]>(
    cluster,
    {
      path: `/apis/${API_GROUP}/${API_VERSION}/namespaces/${namespace}/${VOLUMES.plural}`,
      list: async (page: Page) =>
        listedObjects(await custom.listNamespacedCustomObject({ ...VOLUMES, ...page })),
      keep: serversIn,
    },
    log,
  )
  return {
    servers: () => volumes.get(GLUSTER.volume) ?? [],
    pcs: () => (pcs.ready() ? pcs.all() : undefined),
    onChange(changed) {
      pcs.onChange(changed)
      volumes.onChange(changed)
    },
    async stop() {
      await Promise.all([pcs.stop(), volumes.stop()])
    },
  }
}
