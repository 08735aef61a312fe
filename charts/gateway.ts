import type { Construct } from 'constructs'
import { secondsOf } from '../config/duration.ts'
import { imageReference } from '../config/images.ts'
import {
  API_GROUP,
  AUTHORITY,
  CONTROL_PLANE_GUARD,
  DESKTOP,
  DIRECTORY_CHECKED,
  GATEWAY,
  GLUSTER,
  GLUSTER_VOLUME,
  IDENTITY,
  INGRESS,
  LOCKED_PEOPLE,
  NAMESPACES,
  STORAGE_USAGE,
} from '../config/names.ts'
import { amount } from '../config/quantity.ts'
import type { Cluster } from '../config/schema.ts'
import type { App } from './app.ts'
import { OWN_NAMES } from './gateway/own-names.ts'
import { leaseRights, type Rights } from './kit/access.ts'
import { ConfigMap } from './kit/kplus.ts'
import { nodeCommand } from './kit/pods.ts'
import { program } from './kit/program.ts'
import { prove } from './kit/proof.ts'
import { ldapReader } from './ldap-reader.ts'
import { PRIORITIES } from './priorities.ts'
import type { Route } from './services/route.ts'

const namespace = NAMESPACES.system
const name = GATEWAY.service

/** Login, desktops on demand, their screens in the browser, and the administrator's page. */
export const gateway: App = {
  name,
  about: 'Login, desktops on demand, and their screens in the browser',
  namespace,
  after: ['namespaces', 'identity', 'webhook', 'directory'],
  chart: (scope, cluster, { routes }) => {
    prove(scope, OWN_NAMES)
    offer(scope, cluster, routes)
    server(scope, cluster, routes)
  },
}

/** The administrator's page shows how homes are kept. */
const VOLUME = {
  group: API_GROUP,
  resources: [GLUSTER_VOLUME.plural],
  verbs: ['get'],
  names: [GLUSTER.volume],
}

/** The administrator's page and the metrics tell how the masters stand. */
const GUARD = {
  group: API_GROUP,
  resources: [CONTROL_PLANE_GUARD.plural],
  verbs: ['get'],
  names: [CONTROL_PLANE_GUARD.name],
}

/** Administrators see what everybody takes up; each person, what they do. */
const USAGE = { group: API_GROUP, resources: [STORAGE_USAGE.plural], verbs: ['list', 'watch'] }

/** It may act as everybody (charts/identity.ts), but only in one namespace, and may not enter a pod. */
function rights({ storage }: Cluster): Rights {
  const read = ['list', 'watch']
  return {
    cluster: [
      { group: API_GROUP, resources: [IDENTITY.plural], verbs: read },
      GUARD,
      // The administrator's page shows the PCs; whoever has a desktop on one that is to be emptied is told.
      { group: '', resources: ['nodes'], verbs: read },
    ],
    namespaces: {
      [NAMESPACES.storage]: [USAGE, ...(storage.kind === 'gluster' ? [VOLUME] : [])],
      [NAMESPACES.desktops]: [
        { group: 'apps', resources: ['deployments'], verbs: ['get', ...read, 'create', 'update', 'patch'] },
        { group: '', resources: ['services'], verbs: ['create', 'patch'] },
        { group: '', resources: ['secrets'], verbs: ['get', 'create', 'patch'] },
        { group: '', resources: ['pods', 'events'], verbs: read },
      ],
      [namespace]: [
        {
          group: '',
          resources: ['secrets'],
          verbs: ['get', ...read],
          names: [AUTHORITY.gatewaySecret, AUTHORITY.callerSecret, GATEWAY.certificateSecret],
        },
        {
          group: '',
          resources: ['secrets'],
          verbs: ['get', 'update', ...read],
          names: [GATEWAY.sessionsSecret],
        },
        {
          group: '',
          resources: ['configmaps'],
          verbs: ['get', 'update', 'patch', ...read],
          names: [GATEWAY.revokedConfigMap],
        },
        {
          group: '',
          resources: ['configmaps'],
          verbs: ['patch', ...read],
          names: [GATEWAY.failuresConfigMap],
        },
        // Its administrators' page locks people; that it opens no account, a policy keeps (charts/identity/locks.ts).
        { group: '', resources: ['configmaps'], verbs: ['patch', ...read], names: [LOCKED_PEOPLE] },
        { group: '', resources: ['configmaps'], verbs: read, names: [DIRECTORY_CHECKED.configMap] },
        ...leaseRights(GATEWAY.lease),
      ],
    },
  }
}

/** What people may start, as the gateway reads it (gateway/offer.ts). */
function offer(scope: Construct, cluster: Cluster, routes: readonly Route[]): void {
  const { registry, images, templates } = cluster
  // What desktops may call is no business of who starts them.
  const { internet: _, internetNetworks: __, images: ___, ...desktops } = cluster.desktops
  const volumeIsTold = cluster.storage.kind === 'gluster'
  const { limit } = cluster.storage
  const offered = {
    ...{ registry, images, desktops, templates, homesAreTold: true, volumeIsTold, usageIsTold: true },
    ...(limit === undefined ? {} : { storageLimit: amount(limit) }),
    ...(routes.length > 0 ? { services: routes.map(offeredService) } : {}),
  }
  const text = JSON.stringify(offered, undefined, 2)
  new ConfigMap(scope, 'offer', {
    metadata: { name: GATEWAY.config, namespace },
    data: { [GATEWAY.offer]: `${text}\n` },
  })
}

const offeredService = ({ name, about, host, login, groups }: Route) => ({
  ...{ name, about, host, login },
  ...(groups === undefined ? {} : { groups }),
})

function server(scope: Construct, cluster: Cluster, routes: readonly Route[]): void {
  const ldap = ldapReader(cluster)
  // By the ingress, whether somebody may come in.
  const asked = routes.some(({ login }) => login === 'people')
  program(scope, {
    name,
    namespace,
    workload: { kind: 'Deployment', replicas: 2, update: { maxUnavailable: 0, maxSurge: 1 } },
    priorityClass: PRIORITIES.platform.name,
    rights: rights(cluster),
    services: [
      { name, port: 'https', as: GATEWAY.servicePort },
      // Each pod by its own address, since the door checks every one of them.
      { name: GATEWAY.pods, port: 'https', as: GATEWAY.port, headless: true },
      ...(asked ? [{ name: GATEWAY.entrance, port: 'entrance', as: GATEWAY.entrancePort }] : []),
    ],
    // The door calls from the masters themselves, which no selector can name.
    ingress: [
      { peer: 'anybody', ports: [GATEWAY.port] },
      ...(asked ? [{ peer: { namespace, program: INGRESS.program }, ports: [GATEWAY.entrancePort] }] : []),
    ],
    egress: [ldap.call, { peer: { namespace: NAMESPACES.desktops }, ports: [DESKTOP.port] }],
    containers: [
      {
        image: imageReference('deskfleet', cluster),
        command: nodeCommand('gateway/main.js'),
        resources: { cpu: '100m', memory: '192Mi', memoryLimit: '768Mi' },
        env: {
          DESKFLEET_HOSTS: cluster.hosts.door,
          // Doors stand on masters, so they call from the PCs' own network.
          ...(cluster.hosts.address === undefined ? {} : { DESKFLEET_PROXY_FROM: cluster.hosts.address }),
          ...ldap.env,
          // A person's own new password is written where writes are taken.
          ...(cluster.ldap.writerUrl === cluster.ldap.url
            ? {}
            : { DESKFLEET_LDAP_WRITER_URL: cluster.ldap.writerUrl }),
          DESKFLEET_MAX_STALE_SECONDS: String(secondsOf(cluster.admission.maxStale)),
          ...(asked ? { DESKFLEET_ENTRANCE_LISTEN: `0.0.0.0:${GATEWAY.entrancePort}` } : {}),
          DESKFLEET_OFFER_FILE: `/etc/deskfleet/offer/${GATEWAY.offer}`,
        },
        ports: {
          https: GATEWAY.port,
          ...(asked ? { entrance: GATEWAY.entrancePort } : {}),
          metrics: 9090,
        },
        volumes: [
          ...ldap.volumes,
          { name: 'offer', mountPath: '/etc/deskfleet/offer', configMap: { name: GATEWAY.config } },
        ],
      },
    ],
  })
}
