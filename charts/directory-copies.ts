import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import { COPIES, LDAP, NAMESPACES } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import { storageFolder } from '../config/storage.ts'
import { DNS } from './kit/network.ts'
import { add } from './kit/objects.ts'
import { nodeCommand } from './kit/pods.ts'
import { KEPT } from './kit/policies/contents.ts'
import { program } from './kit/program.ts'
import { PRIORITIES } from './priorities.ts'

const namespace = NAMESPACES.directory

/** Whether the directory is copied each night: somebody has a key, and there is a place that outlives a PC. */
export const isCopied = ({ ldap, storage }: Cluster): boolean =>
  storageFolder(storage) !== undefined && ldap.copies.recipients.length > 0

const READER = {
  name: 'replica',
  mountPath: '/etc/deskfleet/replica',
  secret: { secretName: LDAP.replicaSecret },
}
/** The authority alone: the key beside it is slapd's. */
const TLS = {
  name: 'tls',
  mountPath: '/etc/deskfleet/tls',
  secret: { secretName: LDAP.tlsSecret, items: [{ key: 'ca.crt', path: 'ca.crt' }] },
}

/**
 * Copies the directory each night into the storage directory. In a pod of its own, so that slapd starts without storage;
 * it reads as LDAP's servers read each other, and has no account with the API.
 */
export function copies(scope: Construct, cluster: Cluster): void {
  const { ldap, storage, desktops } = cluster
  const directory = storageFolder(storage)
  if (directory === undefined) return
  folder(scope, `${directory}/${COPIES.folder}`)
  program(scope, {
    name: COPIES.program,
    namespace,
    workload: { kind: 'Deployment', replicas: 1, update: { maxUnavailable: 1, maxSurge: 0 } },
    token: false,
    priorityClass: PRIORITIES.platform.name,
    egress: [...DNS, { peer: { namespace, program: LDAP.service }, ports: [LDAP.port] }],
    containers: [
      {
        image: imageReference('deskfleet', cluster),
        command: nodeCommand('directory/copies/main.js'),
        resources: { cpu: '10m', memory: '96Mi', memoryLimit: '512Mi' },
        env: {
          DESKFLEET_LDAP_URL: `ldaps://${LDAP.service}.${namespace}.svc:${LDAP.servicePort}`,
          DESKFLEET_LDAP_BASE_DN: ldap.baseDN,
          DESKFLEET_LDAP_BIND_DN: `cn=replica,${ldap.baseDN}`,
          DESKFLEET_LDAP_PASSWORD_FILE: `${READER.mountPath}/password`,
          DESKFLEET_LDAP_CA_FILE: `${TLS.mountPath}/ca.crt`,
          DESKFLEET_COPIES: COPIES.mountPath,
          DESKFLEET_COPIES_HOUR: String(ldap.copies.hour),
          DESKFLEET_COPIES_TIME_ZONE: desktops.timeZone,
          DESKFLEET_COPIES_RECIPIENTS: ldap.copies.recipients.join(' '),
        },
        ports: { metrics: 9090 },
        volumes: [
          READER,
          TLS,
          {
            name: 'copies',
            mountPath: COPIES.mountPath,
            writable: true,
            persistentVolumeClaim: { claimName: COPIES.program },
          },
        ],
      },
    ],
  })
}

/** As a claim, since the namespace takes no path of a PC in a pod. `Directory`: where storage is not mounted, no pod starts. */
function folder(scope: Construct, path: string): void {
  const spec = {
    accessModes: ['ReadWriteMany'],
    storageClassName: '',
    volumeMode: 'Filesystem',
  }
  const size = { storage: '1Gi' }
  add(
    scope,
    'v1/PersistentVolume',
    { name: COPIES.volume, annotations: KEPT },
    {
      spec: {
        ...spec,
        capacity: size,
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: COPIES.program },
        hostPath: { path, type: 'Directory' },
      },
    },
  )
  add(
    scope,
    'v1/PersistentVolumeClaim',
    { name: COPIES.program, namespace, annotations: KEPT },
    { spec: { ...spec, volumeName: COPIES.volume, resources: { requests: size } } },
  )
}
