import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import { API_GROUP, AUTHORITY, DESKTOP, GATEWAY, IDENTITY, LDAP, NAMESPACES } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import { connection } from './connection.ts'
import { account } from './kit/access.ts'
import { ConfigMap } from './kit/kplus.ts'
import { API_SERVER, allow, DNS } from './kit/network.ts'
import { add } from './kit/objects.ts'
import { nodeCommand, programPod, selects } from './kit/pods.ts'
import { PRIORITIES } from './priorities.ts'

const namespace = NAMESPACES.system
const name = GATEWAY.service

/** Login, desktops on demand, their screens in the browser, and the administrator's page. */
export function gateway(scope: Construct, cluster: Cluster): void {
  rights(scope)
  offer(scope, cluster)
  server(scope, cluster)
}

/** It may be everybody (charts/identity.ts), but only in one namespace, and not enter a pod. */
function rights(scope: Construct): void {
  const read = ['list', 'watch']
  account(scope, name, namespace, {
    cluster: [
      { group: API_GROUP, resources: [IDENTITY.plural], verbs: read },
      // The administrator's page shows the PCs.
      { group: '', resources: ['nodes'], verbs: read },
    ],
    namespaces: {
      [NAMESPACES.desktops]: [
        { group: 'apps', resources: ['deployments'], verbs: ['get', ...read, 'create', 'update', 'patch'] },
        { group: '', resources: ['services'], verbs: ['create', 'patch'] },
        { group: '', resources: ['secrets'], verbs: ['get', 'create', 'patch'] },
        { group: '', resources: ['pods', 'events'], verbs: read },
      ],
      [namespace]: [
        // RBAC cannot name what is about to be created, so creating is allowed by kind alone.
        { group: '', resources: ['secrets', 'configmaps'], verbs: ['create'] },
        {
          group: '',
          resources: ['secrets'],
          verbs: ['get', 'update'],
          names: [AUTHORITY.secret, AUTHORITY.gatewaySecret],
        },
        { group: '', resources: ['secrets'], verbs: ['get'], names: [GATEWAY.certificateSecret] },
        {
          group: '',
          resources: ['secrets'],
          verbs: ['get', 'update', ...read],
          names: [GATEWAY.sessionsSecret],
        },
        {
          group: '',
          resources: ['configmaps'],
          verbs: ['get', 'update', ...read],
          names: [GATEWAY.revokedConfigMap],
        },
        { group: 'coordination.k8s.io', resources: ['leases'], verbs: ['create'] },
        {
          group: 'coordination.k8s.io',
          resources: ['leases'],
          verbs: ['get', 'update'],
          names: [GATEWAY.lease],
        },
      ],
    },
  })
}

const OFFER_FILE = 'desktops.json'

/** What people may start, as the gateway reads it (gateway/offer.ts). */
function offer(scope: Construct, cluster: Cluster): void {
  const { registry, images, desktops, templates } = cluster
  const text = JSON.stringify({ registry, images, desktops, templates }, undefined, 2)
  new ConfigMap(scope, 'offer', {
    metadata: { name: GATEWAY.config, namespace },
    data: { [OFFER_FILE]: `${text}\n` },
  })
}

function server(scope: Construct, cluster: Cluster): void {
  const { url, baseDN, readerDN } = connection(cluster)
  const template = programPod({
    name,
    image: imageReference('deskfleet', cluster),
    command: nodeCommand('gateway/main.ts'),
    serviceAccount: name,
    priorityClass: PRIORITIES.platform.name,
    resources: { cpu: '100m', memory: '192Mi', memoryLimit: '768Mi' },
    env: {
      DESKFLEET_HOSTS: cluster.hosts.door,
      // Doors stand on masters, so they call from the PCs' own network.
      ...(cluster.hosts.address === undefined ? {} : { DESKFLEET_PROXY_FROM: cluster.hosts.address }),
      DESKFLEET_LDAP_URL: url,
      DESKFLEET_LDAP_BASE_DN: baseDN,
      DESKFLEET_LDAP_BIND_DN: readerDN,
      DESKFLEET_LDAP_PASSWORD_FILE: '/etc/deskfleet/reader/password',
      DESKFLEET_LDAP_CA_FILE: '/etc/deskfleet/authority/ca.crt',
      DESKFLEET_OFFER_FILE: `/etc/deskfleet/offer/${OFFER_FILE}`,
    },
    ports: { https: GATEWAY.port, metrics: 9090 },
    volumes: [
      { name: 'reader', mountPath: '/etc/deskfleet/reader', secret: { secretName: LDAP.readerSecret } },
      { name: 'authority', mountPath: '/etc/deskfleet/authority', configMap: { name: AUTHORITY.configMap } },
      { name: 'offer', mountPath: '/etc/deskfleet/offer', configMap: { name: GATEWAY.config } },
    ],
  })
  add(
    scope,
    'apps/v1/Deployment',
    { name, namespace },
    {
      spec: {
        replicas: 2,
        revisionHistoryLimit: 3,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        selector: { matchLabels: selects(name) },
        template,
      },
    },
  )
  add(
    scope,
    'v1/Service',
    { name, namespace },
    {
      spec: {
        type: 'ClusterIP',
        selector: selects(name),
        ports: [{ name: 'https', port: GATEWAY.servicePort, targetPort: 'https', protocol: 'TCP' }],
      },
    },
  )
  // Each pod by its own address: the door asks every one of them whether it lives.
  add(
    scope,
    'v1/Service',
    { name: GATEWAY.pods, namespace },
    {
      spec: {
        type: 'ClusterIP',
        clusterIP: 'None',
        selector: selects(name),
        ports: [{ name: 'https', port: GATEWAY.port, targetPort: 'https', protocol: 'TCP' }],
      },
    },
  )
  add(
    scope,
    'policy/v1/PodDisruptionBudget',
    { name, namespace },
    { spec: { minAvailable: 1, selector: { matchLabels: selects(name) } } },
  )
  allow(scope, {
    program: name,
    namespace,
    // The door calls from the masters themselves, which no selector can name.
    hears: [
      { peer: 'anybody', ports: [GATEWAY.port] },
      { peer: { namespace }, ports: [9090] },
    ],
    calls: [
      ...DNS,
      API_SERVER,
      { peer: { namespace: NAMESPACES.directory, program: LDAP.service }, ports: [LDAP.port] },
      { peer: { namespace: NAMESPACES.desktops }, ports: [DESKTOP.port] },
    ],
  })
}
