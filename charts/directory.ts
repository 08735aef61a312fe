import { createHash } from 'node:crypto'
import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import { FIXED, PREFIX } from '../config/labels.ts'
import { LDAP, NAMESPACES } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import { connection } from './connection.ts'
import { account } from './kit/access.ts'
import { ConfigMap } from './kit/kplus.ts'
import { allow } from './kit/network.ts'
import { add } from './kit/objects.ts'
import { programPod, selects } from './kit/pods.ts'
import { KEPT } from './kit/policies/contents.ts'
import { PRIORITIES } from './priorities.ts'
import { slapdFiles } from './slapd.ts'

const namespace = NAMESPACES.directory
const name = LDAP.service

/** slapd: who people are. Its configuration comes from Git at every start; the volume holds people alone. */
export function directory(scope: Construct, cluster: Cluster): void {
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
  account(scope, name, namespace, {})
  server(scope, cluster, createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16))
  for (const [service, clusterIP] of [
    [name, undefined],
    [LDAP.pods, 'None'],
  ] as const) {
    add(
      scope,
      'v1/Service',
      { name: service, namespace },
      {
        spec: {
          type: 'ClusterIP',
          ...(clusterIP === undefined ? {} : { clusterIP }),
          selector: selects(name),
          ports: [{ name: 'ldaps', port: LDAP.servicePort, targetPort: 'ldaps', protocol: 'TCP' }],
        },
      },
    )
  }
  // Desktops never speak to it: a person's identity is in the pod, and passwords go to the gateway alone.
  allow(scope, {
    program: name,
    namespace,
    hears: [{ peer: { namespace: NAMESPACES.system }, ports: [LDAP.port] }],
  })
}

function server(scope: Construct, cluster: Cluster, configuration: string): void {
  const answers = { tcpSocket: { port: 'ldaps' } }
  const template = programPod({
    name,
    image: imageReference('ldap', cluster),
    command: ['/bin/sh', '/etc/deskfleet/slapd/start'],
    serviceAccount: name,
    token: false,
    priorityClass: PRIORITIES.platform.name,
    resources: { cpu: '50m', memory: '64Mi', memoryLimit: '512Mi' },
    ports: { ldaps: LDAP.port },
    probes: {
      startupProbe: { ...answers, periodSeconds: 1, failureThreshold: 120 },
      livenessProbe: { ...answers, periodSeconds: 10, timeoutSeconds: 5 },
      readinessProbe: { ...answers, periodSeconds: 2, timeoutSeconds: 2 },
    },
    volumes: [
      { name: 'slapd', mountPath: '/etc/deskfleet/slapd', configMap: { name: LDAP.config } },
      { name: 'tls', mountPath: '/etc/deskfleet/tls', secret: { secretName: LDAP.tlsSecret } },
      { name: 'admin', mountPath: '/etc/deskfleet/admin', secret: { secretName: LDAP.adminSecret } },
      { name: 'reader', mountPath: '/etc/deskfleet/reader', secret: { secretName: LDAP.readerSecret } },
      {
        name: 'run',
        mountPath: '/run/slapd',
        writable: true,
        emptyDir: { medium: 'Memory', sizeLimit: '16Mi' },
      },
    ],
  })
  const spec = template.spec
  if (spec === undefined) return
  const containers = spec.containers.map((container) => ({
    ...container,
    volumeMounts: [...(container.volumeMounts ?? []), { name: 'data', mountPath: '/var/lib/ldap' }],
  }))
  add(
    scope,
    'apps/v1/StatefulSet',
    { name, namespace, annotations: KEPT },
    {
      spec: {
        replicas: 1,
        serviceName: LDAP.pods,
        podManagementPolicy: 'Parallel',
        revisionHistoryLimit: 3,
        selector: { matchLabels: selects(name) },
        template: {
          metadata: {
            ...template.metadata,
            // A changed configuration restarts slapd, which lays it down anew.
            annotations: { [`${PREFIX}/configuration`]: configuration },
          },
          spec: { ...spec, containers },
        },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } },
          },
        ],
      },
    },
  )
}
