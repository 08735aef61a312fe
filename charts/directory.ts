import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import { FIXED, PREFIX } from '../config/labels.ts'
import { COPIES, LDAP, LDAP_DISK, NAMESPACES } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import type { App } from './app.ts'
import { connection, serversOf } from './connection.ts'
import { copies, isCopied } from './directory-copies.ts'
import type { Rights } from './kit/access.ts'
import type { Container } from './kit/container.ts'
import { digestOf } from './kit/digest.ts'
import { ConfigMap } from './kit/kplus.ts'
import { nodeCommand } from './kit/pods.ts'
import { program } from './kit/program.ts'
import { PRIORITIES } from './priorities.ts'
import { ldapDisks } from './slapd/disks.ts'
import { slapdFiles } from './slapd.ts'

const namespace = NAMESPACES.directory
const name = LDAP.service

/** slapd, with who people are. Its configuration comes from Git at every start; the volume holds only people. */
export const directory: App = {
  name: 'directory',
  about: 'LDAP: people, passwords, groups',
  namespace,
  after: ['namespaces'],
  chart: (scope, cluster) => {
    const files = slapdFiles({ baseDN: cluster.ldap.baseDN, organization: cluster.ldap.organization })
    new ConfigMap(scope, 'slapd', { metadata: { name: LDAP.config, namespace }, data: { ...files } })
    new ConfigMap(scope, 'connection', {
      metadata: {
        name: LDAP.connection,
        namespace,
        annotations: {
          [FIXED]:
            'data.baseDN: people who are in the directory already are under the old name, and would be out of reach',
        },
      },
      data: connection(cluster),
    })
    const digest = digestOf(files)
    server(scope, cluster, digest)
    if (cluster.ldap.disk === 'pc') ldapDisks(scope, cluster)
    if (isCopied(cluster)) copies(scope, cluster)
  },
}

function server(scope: Construct, cluster: Cluster, configuration: string): void {
  const { replicas } = cluster.ldap
  const several = replicas > 1
  const by = (program: string) => ({ peer: { namespace, program }, ports: [LDAP.port] })
  const itself = by(name)
  if (several) {
    new ConfigMap(scope, 'servers', {
      metadata: { name: LDAP.several, namespace },
      data: { servers: serversOf(replicas).join(' ') },
    })
  }
  program(scope, {
    name,
    namespace,
    workload: { kind: 'StatefulSet', replicas, names: LDAP.pods },
    token: several,
    apart: several,
    ...(several ? { rights: RIGHTS } : {}),
    priorityClass: PRIORITIES.platform.name,
    // A changed configuration restarts slapd, which reads it at its start.
    annotations: { [`${PREFIX}/configuration`]: configuration },
    services: [
      { name, port: 'ldaps', as: LDAP.servicePort },
      { name: LDAP.pods, port: 'ldaps', as: LDAP.servicePort, headless: true, beforeReady: several },
      ...(several
        ? [{ name: LDAP.writer, port: 'ldaps', as: LDAP.servicePort, leadsTo: 'written' as const }]
        : []),
    ],
    // Desktops never call it: a person's identity is in the pod, and passwords go to the gateway alone.
    ingress: [
      { peer: { namespace: NAMESPACES.system }, ports: [LDAP.port] },
      ...(several ? [itself] : []),
      ...(isCopied(cluster) ? [by(COPIES.program)] : []),
    ],
    egress: several ? [itself] : [],
    containers: several ? [slapd(cluster), replica(cluster)] : [slapd(cluster)],
  })
}

/** Which of several servers writes is told by a Lease, and shown by the slice of the writer's Service. */
const RIGHTS: Rights = {
  namespaces: {
    [namespace]: [
      { group: '', resources: ['configmaps'], verbs: ['get'], names: [LDAP.several] },
      // Each time that there are several has a Lease of its own, whose name nobody knows before.
      { group: 'coordination.k8s.io', resources: ['leases'], verbs: ['get', 'create', 'update'] },
      // RBAC cannot name what is about to be created.
      { group: 'discovery.k8s.io', resources: ['endpointslices'], verbs: ['create'] },
      { group: 'discovery.k8s.io', resources: ['endpointslices'], verbs: ['patch'], names: [LDAP.writer] },
    ],
  },
}

const RUN = { name: 'run', mountPath: '/run/slapd', writable: true } as const
const RUN_VOLUME = { ...RUN, emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } }
const TLS = { name: 'tls', mountPath: '/etc/deskfleet/tls', secret: { secretName: LDAP.tlsSecret } }
const REPLICA = {
  name: 'replica',
  mountPath: '/etc/deskfleet/replica',
  secret: { secretName: LDAP.replicaSecret },
}

function slapd(cluster: Cluster): Container {
  const answers = { tcpSocket: { port: 'ldaps' } }
  return {
    image: imageReference('ldap', cluster),
    command: ['/bin/sh', '/etc/deskfleet/slapd/start'],
    resources: { cpu: '50m', memory: '64Mi', memoryLimit: '512Mi' },
    ...(cluster.ldap.replicas > 1 && { env: { SLAPD_PEERS: serversOf(cluster.ldap.replicas).join(' ') } }),
    ports: { ldaps: LDAP.port },
    probes: {
      startupProbe: { ...answers, periodSeconds: 1, failureThreshold: 120 },
      livenessProbe: { ...answers, periodSeconds: 10, timeoutSeconds: 5 },
      readinessProbe: { ...answers, periodSeconds: 2, timeoutSeconds: 2 },
    },
    volumes: [
      { name: 'slapd', mountPath: '/etc/deskfleet/slapd', configMap: { name: LDAP.config } },
      TLS,
      { name: 'admin', mountPath: '/etc/deskfleet/admin', secret: { secretName: LDAP.adminSecret } },
      { name: 'reader', mountPath: '/etc/deskfleet/reader', secret: { secretName: LDAP.readerSecret } },
      REPLICA,
      RUN_VOLUME,
      {
        name: 'data',
        mountPath: '/var/lib/ldap',
        writable: true,
        claim: LDAP_DISK.size,
        ...(cluster.ldap.disk === 'pc' && { storageClass: LDAP_DISK.storageClass }),
      },
    ],
  }
}

/** Beside each of several: it runs as the same user, whom slapd takes for its root on its own socket. */
function replica(cluster: Cluster): Container {
  const { url, baseDN } = { url: `ldaps://localhost:${LDAP.port}`, baseDN: cluster.ldap.baseDN }
  return {
    name: 'replica',
    image: imageReference('deskfleet', cluster),
    command: nodeCommand('directory/replica/main.js'),
    resources: { cpu: '20m', memory: '96Mi', memoryLimit: '256Mi' },
    env: {
      DESKFLEET_LDAP_URL: url,
      DESKFLEET_LDAP_BASE_DN: baseDN,
      DESKFLEET_LDAP_BIND_DN: `cn=replica,${baseDN}`,
      DESKFLEET_LDAP_PASSWORD_FILE: `${REPLICA.mountPath}/password`,
      DESKFLEET_LDAP_CA_FILE: `${TLS.mountPath}/ca.crt`,
      DESKFLEET_LDAP_SERVERS: serversOf(cluster.ldap.replicas).join(' '),
      DESKFLEET_LDAP_SOCKET: `${RUN.mountPath}/ldapi`,
    },
    fieldEnv: { POD_NAME: 'metadata.name', POD_UID: 'metadata.uid', POD_IP: 'status.podIP' },
    ports: { metrics: 9090 },
    volumes: [TLS, REPLICA, RUN_VOLUME],
  }
}
