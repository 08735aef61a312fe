import {
  CoreV1Api,
  DiscoveryV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node'
import { unless } from '../../cluster/answer.ts'
import { keptClient } from '../../cluster/client.ts'
import { leaseStore } from '../../cluster/lease/store.ts'
import { FIELD_MANAGERS, LDAP, NAMESPACES } from '../../config/names.ts'
import type { Settings } from './settings.ts'

const namespace = NAMESPACES.directory

/** The time since which there are several servers, and whether they had a writer in it. */
export interface Era {
  /** The Lease of the one that writes. */
  readonly lease: string
  readonly begun: boolean
}

export interface ReplicaCluster {
  /** @throws ApiException when the API server does not answer; undefined where there are not several servers. */
  era(): Promise<Era | undefined>
  /** Makes the writer's Service lead to this pod. */
  leadHere(): Promise<void>
}

/**
 * What the API server says of the servers together. A ConfigMap is there for as long as there are several of them: one
 * that was made anew says that one was alone in between, and may have written what the others never saw.
 */
export function replicaCluster(config: KubeConfig, { pod }: Settings): ReplicaCluster {
  const core = keptClient(config, CoreV1Api)
  const discovery = keptClient(config, DiscoveryV1Api)
  return {
    async era() {
      const found = await unless(404, () => core.readNamespacedConfigMap({ namespace, name: LDAP.several }))
      const uid = found?.metadata?.uid
      if (uid === undefined) return undefined
      const lease = `${LDAP.writer}-${uid.slice(0, 8)}`
      return { lease, begun: (await leaseStore(config, namespace, lease).read()) !== undefined }
    },
    async leadHere() {
      await discovery.patchNamespacedEndpointSlice(
        {
          namespace,
          name: LDAP.writer,
          fieldManager: FIELD_MANAGERS.directory,
          force: true,
          body: sliceOf(pod),
        },
        setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
      )
    },
  }
}

const sliceOf = ({ name, address }: Settings['pod']) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: LDAP.writer,
    namespace,
    labels: {
      'kubernetes.io/service-name': LDAP.writer,
      'endpointslice.kubernetes.io/managed-by': FIELD_MANAGERS.directory,
    },
  },
  addressType: address.includes(':') ? 'IPv6' : 'IPv4',
  endpoints: [
    {
      addresses: [address],
      conditions: { ready: true },
      targetRef: { kind: 'Pod', namespace, name },
    },
  ],
  ports: [{ name: 'ldaps', port: LDAP.port, protocol: 'TCP' }],
})
