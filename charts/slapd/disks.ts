import type { Construct } from 'constructs'
import { secondsOf } from '../../config/duration.ts'
import { imageReference } from '../../config/images.ts'
import { LDAP, LDAP_DISK, NAMESPACES } from '../../config/names.ts'
import type { Cluster } from '../../config/schema.ts'
import { leaseRights, type Rights } from '../kit/access.ts'
import { add } from '../kit/objects.ts'
import { nodeCommand } from '../kit/pods.ts'
import { program } from '../kit/program.ts'
import { PRIORITIES } from '../priorities.ts'

const namespace = NAMESPACES.directory

/** A folder of each PC's own disk for the LDAP server that comes to it: no StorageClass of the site is needed. */
export function ldapDisks(scope: Construct, cluster: Cluster): void {
  add(
    scope,
    'storage.k8s.io/v1/StorageClass',
    { name: LDAP_DISK.storageClass },
    {
      provisioner: LDAP_DISK.provisioner,
      reclaimPolicy: 'Retain',
      // The scheduler says to which PC a server comes, and then there is a folder of that one.
      volumeBindingMode: 'WaitForFirstConsumer',
    },
  )
  disks(scope, cluster)
  folder(scope, cluster)
}

function disks(scope: Construct, cluster: Cluster): void {
  const { replicas, moveAfter } = cluster.ldap
  program(scope, {
    name: LDAP_DISK.program,
    namespace,
    // One acts, one waits for its Lease.
    workload: { kind: 'Deployment', replicas: 2 },
    priorityClass: PRIORITIES.platform.name,
    rights: rightsFor(replicas),
    containers: [
      {
        image: imageReference('deskfleet', cluster),
        command: nodeCommand('directory/disks/main.js'),
        resources: { cpu: '10m', memory: '96Mi', memoryLimit: '256Mi' },
        env: {
          DESKFLEET_LDAP_REPLICAS: String(replicas),
          DESKFLEET_LDAP_MOVE_AFTER_SECONDS: String(secondsOf(moveAfter)),
        },
        ports: { metrics: 9090 },
      },
    ],
  })
}

function rightsFor(replicas: number): Rights {
  const ordinals = Array.from({ length: replicas }, (_, ordinal) => ordinal)
  const named = (begin: string) => ordinals.map((ordinal) => `${begin}${ordinal}`)
  return {
    cluster: [
      { group: '', resources: ['nodes'], verbs: ['list'] },
      // Of one folder alone, which a policy says (charts/identity/volumes.ts).
      { group: '', resources: ['persistentvolumes'], verbs: ['list', 'create', 'delete'] },
    ],
    namespaces: {
      [namespace]: [
        { group: '', resources: ['persistentvolumeclaims', 'pods'], verbs: ['list'] },
        // With one server, nobody else has its people, and nothing is ever moved.
        ...(replicas > 1
          ? [
              {
                group: '',
                resources: ['persistentvolumeclaims'],
                verbs: ['delete'],
                names: named(LDAP_DISK.claim),
              },
              { group: '', resources: ['pods'], verbs: ['delete'], names: named(`${LDAP.service}-`) },
            ]
          : []),
        { group: '', resources: ['events'], verbs: ['create'] },
        ...leaseRights(LDAP_DISK.program),
      ],
    },
  }
}

/** 65532 is the user that slapd is, as every program of ours that is not root. */
const MAKE = `set -eu
mkdir -p /pc/ldap
chown 65532:65532 /pc/ldap
chmod 700 /pc/ldap
exec sleep infinity`

/** Makes the folder on each PC: the kubelet would make it root's, and slapd is not root. */
function folder(scope: Construct, cluster: Cluster): void {
  program(scope, {
    name: LDAP_DISK.folder,
    namespace: NAMESPACES.node,
    workload: { kind: 'DaemonSet', update: { maxUnavailable: '20%' } },
    // It calls nobody, and a sleep hears no signal.
    token: false,
    grace: 1,
    priorityClass: PRIORITIES.platform.name,
    containers: [
      {
        image: imageReference('deskfleet', cluster),
        command: ['/bin/sh', '-c', MAKE],
        resources: { cpu: '1m', memory: '8Mi', memoryLimit: '16Mi' },
        probes: {},
        volumes: [
          {
            name: 'pc',
            mountPath: '/pc',
            hostPath: { path: parentOf(LDAP_DISK.path), type: 'DirectoryOrCreate' },
            writable: true,
          },
        ],
        root: ['CHOWN', 'FOWNER'],
      },
    ],
  })
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))
