import type { Construct } from 'constructs'
import { imageReference } from '../../config/images.ts'
import { MASTER } from '../../config/labels.ts'
import {
  API_GROUP,
  CONTROL_PLANE_GUARD,
  CROWN,
  ETCD_COPIES,
  GLUSTER,
  GLUSTER_VOLUME,
  NAMESPACES,
} from '../../config/names.ts'
import type { Cluster } from '../../config/schema.ts'
import { leaseRights, type Right, type Rights } from '../kit/access.ts'
import type { Traffic } from '../kit/network.ts'
import { flagsWithin, nodeCommand } from '../kit/pods.ts'
import { program } from '../kit/program.ts'
import type { Volume } from '../kit/volumes.ts'

const namespace = NAMESPACES.crown

/** In the container. */
const KEYS = '/etcd-keys'
const API_FILES = '/api-server-files'
/** Seconds that a run looks, again and again: until the next one begins. */
const LOOKS = 58

/** etcd listens on the masters themselves. Pods on a PC's own network are not held by it; it says what is called. */
export const ETCD: Traffic = { peer: 'anybody', ports: [2379] }

/**
 * What it knows etcd by, file by file: in the folder lies the key of etcd's authority as well, which a key that was renewed does
 * not end. A file that is renewed by rename is the old one until the pod ends: a minute, which the old one lives.
 */
const key = (file: string): Volume => ({
  name: file.replace('.', '-'),
  mountPath: `${KEYS}/${file}`,
  hostPath: { path: `/etc/kubernetes/pki/etcd/${file}`, type: 'File' },
})

/**
 * Watches the masters. A run each minute, also while an earlier one hangs: on a master that dies nobody can say whether it will
 * end. It hangs on the API server and on etcd alone: names, LDAP, storage, and the door may be gone.
 */
export function tick(scope: Construct, cluster: Cluster): void {
  const image = imageReference('deskfleet', cluster)
  program(scope, {
    name: CROWN.program,
    namespace,
    workload: { kind: 'CronJob', schedule: '* * * * *', overlap: 'Allow', deadline: 30, patience: 110 },
    node: { network: true, names: 'pc', labels: { [MASTER]: '' }, chooses: true },
    priorityClass: 'system-cluster-critical',
    rights: RIGHTS,
    egress: [ETCD],
    containers: [
      {
        image,
        command: nodeCommand('orchestrator/main.js', flagsWithin(448)),
        env: {
          DESKFLEET_API_FILES: API_FILES,
          DESKFLEET_ETCD_KEYS: KEYS,
          DESKFLEET_IMAGE: image,
          DESKFLEET_LOOK_FOR: String(LOOKS),
        },
        fieldEnv: { NODE_NAME: 'spec.nodeName', POD_NAME: 'metadata.name' },
        // Each look reads all pods of the room. 5,000 of them, 36 MB of JSON, take 400 MiB where the heap may have 320, and 660
        // where it has no bound (measured); a room of ten PCs, a hundred or so.
        resources: { cpu: '50m', memory: '128Mi', memoryLimit: '768Mi' },
        // Root reads the keys, which are root's; no capability is needed for that.
        root: [],
        probes: {},
        volumes: [
          ...['ca.crt', 'healthcheck-client.crt', 'healthcheck-client.key'].map(key),
          // Among them may be the key by which Secrets are encrypted: no more than etcd's key opens as well.
          {
            name: 'api-server-files',
            mountPath: API_FILES,
            hostPath: { path: CROWN.apiFiles, type: 'DirectoryOrCreate' },
          },
        ],
      },
    ],
  })
}

const core = (resource: string, verbs: readonly string[], names?: readonly string[]): Right => ({
  group: '',
  resources: [resource],
  verbs,
  ...(names === undefined ? {} : { names }),
})

const GUARD = {
  group: API_GROUP,
  resources: [CONTROL_PLANE_GUARD.plural],
  names: [CONTROL_PLANE_GUARD.name],
}

/** Which Jobs, Secrets, and changes of Nodes, the policies beside this file say. */
const RIGHTS: Rights = {
  cluster: [
    core('nodes', ['get', 'list', 'patch', 'delete']),
    core('pods', ['list']),
    core('pods/eviction', ['create']),
    // Which hold what cannot move.
    core('persistentvolumes', ['list']),
    { ...GUARD, verbs: ['get', 'patch'] },
    { ...GUARD, resources: [`${CONTROL_PLANE_GUARD.plural}/status`], verbs: ['update'] },
  ],
  namespaces: {
    [namespace]: [
      { group: 'batch', resources: ['jobs'], verbs: ['get', 'list', 'create', 'delete'] },
      { group: 'batch', resources: ['cronjobs'], verbs: ['get'], names: [CROWN.backup] },
      core('secrets', ['list', 'create', 'delete']),
      core('configmaps', ['get'], [ETCD_COPIES.configMap]),
      ...leaseRights(CROWN.program),
    ],
    // Whether PCs live, and since when the controllers have the master that they have.
    'kube-node-lease': [{ group: 'coordination.k8s.io', resources: ['leases'], verbs: ['list'] }],
    'kube-system': [
      {
        group: 'coordination.k8s.io',
        resources: ['leases'],
        verbs: ['get'],
        names: ['kube-controller-manager'],
      },
      core('configmaps', ['get'], ['kubeadm-config']),
      core('secrets', ['get'], ['kubeadm-certs']),
      // No `get` and no `list` of all: everybody's Secrets lie there. A token's name follows from its operation.
      core('secrets', ['create', 'delete']),
    ],
    [NAMESPACES.storage]: [
      { group: API_GROUP, resources: [GLUSTER_VOLUME.plural], verbs: ['get'], names: [GLUSTER.volume] },
    ],
    // Which desktops somebody uses just now.
    [NAMESPACES.desktops]: [{ group: 'apps', resources: ['deployments'], verbs: ['list'] }],
    // Events about Nodes and the Guard, which have no namespace.
    default: [core('events', ['create'])],
  },
}
