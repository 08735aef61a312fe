import { AppsV1Api, CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { keptClient } from '../../cluster/client.ts'
import { watchDirectoryChecked } from '../../cluster/directory-checked.ts'
import { watchIdentities } from '../../cluster/identities.ts'
import { watchLockedPeople } from '../../cluster/locked-people.ts'
import { watch } from '../../cluster/watch.ts'
import { GATEWAY, NAMESPACES } from '../../config/names.ts'
import { type Clock, systemClock } from '../../service/clock.ts'
import { personOf } from './person.ts'
import { withLocks } from './with-locks.ts'

/** All that the gateway watches. Every replica sees the same, and keeps nothing of its own. */
export type ClusterView = ReturnType<typeof watchCluster>

export function watchCluster(cluster: KubeConfig, log: Logger, clock: Pick<Clock, 'wall'> = systemClock) {
  const core = keptClient(cluster, CoreV1Api)
  const apps = keptClient(cluster, AppsV1Api)
  const namespace = NAMESPACES.desktops
  const system = NAMESPACES.system
  const podEvents = 'involvedObject.kind=Pod'
  const sessionKeys = `metadata.name=${GATEWAY.sessionsSecret}`
  const revoked = `metadata.name=${GATEWAY.revokedConfigMap}`
  const failures = `metadata.name=${GATEWAY.failuresConfigMap}`
  const ownConfigMap = (fieldSelector: string) =>
    watch(
      cluster,
      {
        path: `/api/v1/namespaces/${system}/configmaps`,
        list: (page) => core.listNamespacedConfigMap({ namespace: system, fieldSelector, ...page }),
        fieldSelector,
      },
      log,
    )
  const locks = watchLockedPeople(cluster, log)
  const watched = {
    /** Who is locked in the cluster itself. */
    locks,
    /** When the identity sync last read everybody. */
    checked: watchDirectoryChecked(cluster, log, clock),
    /** Everybody whom the cluster knows; who is locked in the cluster itself is locked as by LDAP. */
    people: withLocks(watchIdentities(cluster, log, personOf), locks),
    deployments: watch(
      cluster,
      {
        path: `/apis/apps/v1/namespaces/${namespace}/deployments`,
        list: (page) => apps.listNamespacedDeployment({ namespace, ...page }),
      },
      log,
    ),
    pods: watch(
      cluster,
      {
        path: `/api/v1/namespaces/${namespace}/pods`,
        list: (page) => core.listNamespacedPod({ namespace, ...page }),
      },
      log,
    ),
    events: watch(
      cluster,
      {
        path: `/api/v1/namespaces/${namespace}/events`,
        list: (page) => core.listNamespacedEvent({ namespace, fieldSelector: podEvents, ...page }),
        fieldSelector: podEvents,
      },
      log,
    ),
    nodes: watch(cluster, { path: '/api/v1/nodes', list: (page) => core.listNode(page) }, log),
    sessionKeys: watch(
      cluster,
      {
        path: `/api/v1/namespaces/${system}/secrets`,
        list: (page) => core.listNamespacedSecret({ namespace: system, fieldSelector: sessionKeys, ...page }),
        fieldSelector: sessionKeys,
      },
      log,
    ),
    revoked: ownConfigMap(revoked),
    failures: ownConfigMap(failures),
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
