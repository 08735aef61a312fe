import {
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
} from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { z } from 'zod'
import { API_GROUP, API_VERSION, GATEWAY, IDENTITY, NAMESPACES } from '../../config/names.ts'
import { keptClient } from '../../lease/kept-client.ts'
import { watch } from './watch.ts'

/** All that the gateway watches. Every replica sees the same, and keeps nothing of its own. */
export type Room = ReturnType<typeof watchRoom>

const Listed = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  items: z.array(z.custom<KubernetesObject>((item) => typeof item === 'object' && item !== null)),
})

export function watchRoom(kubeConfig: KubeConfig, log: Logger) {
  const core = keptClient(kubeConfig, CoreV1Api)
  const apps = keptClient(kubeConfig, AppsV1Api)
  const custom = keptClient(kubeConfig, CustomObjectsApi)
  const namespace = NAMESPACES.desktops
  const system = NAMESPACES.system
  const only = (name: string) => `metadata.name=${name}`
  const podEvents = 'involvedObject.kind=Pod'
  const identities = async (): Promise<KubernetesListObject<KubernetesObject>> =>
    Listed.parse(
      await custom.listClusterCustomObject({
        group: API_GROUP,
        version: API_VERSION,
        plural: IDENTITY.plural,
      }),
    )
  const watched = {
    identities: watch(
      kubeConfig,
      { path: `/apis/${API_GROUP}/${API_VERSION}/${IDENTITY.plural}`, list: identities },
      log,
    ),
    deployments: watch(
      kubeConfig,
      {
        path: `/apis/apps/v1/namespaces/${namespace}/deployments`,
        list: () => apps.listNamespacedDeployment({ namespace }),
      },
      log,
    ),
    pods: watch(
      kubeConfig,
      {
        path: `/api/v1/namespaces/${namespace}/pods`,
        list: () => core.listNamespacedPod({ namespace }),
      },
      log,
    ),
    events: watch(
      kubeConfig,
      {
        path: `/api/v1/namespaces/${namespace}/events`,
        list: () => core.listNamespacedEvent({ namespace, fieldSelector: podEvents }),
        fieldSelector: podEvents,
      },
      log,
    ),
    nodes: watch(kubeConfig, { path: '/api/v1/nodes', list: () => core.listNode() }, log),
    sessionKeys: watch(
      kubeConfig,
      {
        path: `/api/v1/namespaces/${system}/secrets`,
        list: () =>
          core.listNamespacedSecret({ namespace: system, fieldSelector: only(GATEWAY.sessionsSecret) }),
        fieldSelector: only(GATEWAY.sessionsSecret),
      },
      log,
    ),
    revoked: watch(
      kubeConfig,
      {
        path: `/api/v1/namespaces/${system}/configmaps`,
        list: () =>
          core.listNamespacedConfigMap({ namespace: system, fieldSelector: only(GATEWAY.revokedConfigMap) }),
        fieldSelector: only(GATEWAY.revokedConfigMap),
      },
      log,
    ),
  }
  return {
    ...watched,
    /** What has not been read yet, for readiness. */
    lacks: (): string[] =>
      Object.entries(watched).flatMap(([name, one]) => (one.ready() ? [] : [`${name} not read yet`])),
    async stop() {
      await Promise.all(Object.values(watched).map((one) => one.stop()))
    },
  }
}
