import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import {
  API_GROUP,
  GLUSTER,
  GLUSTER_VOLUME,
  IDENTITY,
  NAMESPACES,
  PC_FOLDER,
  PC_LOGS,
  STORAGE,
} from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import { makesHomes } from '../config/storage.ts'
import type { App } from './app.ts'
import { nodeCommand } from './kit/pods.ts'
import { program } from './kit/program.ts'
import { PRIORITIES } from './priorities.ts'
import { gluster } from './storage/gluster.ts'
import { POOL_MEMBER } from './storage/pool-member.ts'

const namespace = NAMESPACES.storage

/** Homes and the shared folder: on disks of the PCs, or on a directory that is the same on every PC. */
export const storage: App = {
  name: 'storage',
  about: 'Homes and the shared folder: made, bound to people, shown on every PC',
  namespace,
  after: ['namespaces', 'identity'],
  when: (cluster) => makesHomes(cluster.storage),
  chart: (scope, cluster) => {
    const { storage } = cluster
    if (storage.kind === 'gluster') gluster(scope, cluster, storage)
    if (!makesHomes(storage)) return
    homes(scope, cluster, storage.kind === 'path' ? pathVolume(storage.path) : VOLUME)
    mounter(scope, cluster)
  },
}

/**
 * `type: Directory`: a PC without the directory gets no pod of ours that would make an empty one. Writable also where it
 * is only shown, since a home shown from a read-only place would be read-only too.
 */
const pathVolume = (path: string) => ({
  name: 'storage',
  mountPath: STORAGE.directory as string,
  hostPath: { path, type: 'Directory' },
  writable: true,
  propagation: 'HostToContainer' as const,
})

type StorageVolume = ReturnType<typeof pathVolume>

/** Where the mounter of each PC shows the volume: it comes and goes below this. */
const VOLUME: StorageVolume = {
  ...pathVolume(STORAGE.run),
  mountPath: STORAGE.run,
}

/** Makes homes, and the volumes and claims that lead to them. */
function homes(scope: Construct, cluster: Cluster, directory: StorageVolume): void {
  const name = STORAGE.homes
  program(scope, {
    name,
    namespace,
    // One acts, one waits for its Lease.
    workload: { kind: 'Deployment', replicas: 2 },
    priorityClass: PRIORITIES.platform.name,
    rights: {
      cluster: [
        { group: API_GROUP, resources: [IDENTITY.plural], verbs: ['list'] },
        { group: API_GROUP, resources: [`${IDENTITY.plural}/status`], verbs: ['patch'] },
        { group: '', resources: ['persistentvolumes'], verbs: ['list', 'create', 'patch', 'delete'] },
      ],
      namespaces: {
        [NAMESPACES.desktops]: [
          { group: '', resources: ['persistentvolumeclaims'], verbs: ['list', 'create', 'delete'] },
          { group: '', resources: ['events'], verbs: ['create'] },
        ],
        [namespace]: [
          { group: 'coordination.k8s.io', resources: ['leases'], verbs: ['create'] },
          { group: 'coordination.k8s.io', resources: ['leases'], verbs: ['get', 'update'], names: [name] },
        ],
      },
    },
    containers: [
      {
        image: imageReference('deskfleet', cluster),
        command: nodeCommand('storage/homes/main.js'),
        ...(directory === VOLUME
          ? { env: { DESKFLEET_STORAGE: STORAGE.volume, DESKFLEET_VOLUME: GLUSTER.volume } }
          : {}),
        resources: { cpu: '20m', memory: '128Mi', memoryLimit: '512Mi' },
        ports: { metrics: 9090 },
        volumes: [directory],
        // What it takes to make a directory for somebody else, and to read a marker in it.
        root: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID'],
      },
    ],
  })
}

/** Shows each home under /run/deskfleet on every PC where its person has a pod. */
function mounter(scope: Construct, cluster: Cluster): void {
  const { storage } = cluster
  const onGluster = storage.kind === 'gluster'
  const member = onGluster ? POOL_MEMBER : undefined
  program(scope, {
    name: STORAGE.mounter,
    namespace,
    // A desktop may run on any PC. Mounts, and the client of a Gluster volume, are the PC's and stay.
    workload: { kind: 'DaemonSet', update: { maxUnavailable: '20%' } },
    node: { processes: onGluster },
    priorityClass: PRIORITIES.platform.name,
    rights: {
      cluster: [
        { group: API_GROUP, resources: [IDENTITY.plural], verbs: ['get'] },
        ...(onGluster ? [{ group: '', resources: ['nodes'], verbs: ['list', 'watch'] }] : []),
        ...(member?.cluster ?? []),
      ],
      namespaces: {
        [NAMESPACES.desktops]: [{ group: '', resources: ['pods'], verbs: ['list', 'watch'] }],
        ...(onGluster
          ? {
              [namespace]: [
                { group: API_GROUP, resources: [GLUSTER_VOLUME.plural], verbs: ['get', 'list', 'watch'] },
                ...(member?.namespaces?.[namespace] ?? []),
              ],
            }
          : {}),
      },
    },
    containers: [
      {
        image: imageReference(onGluster ? 'gluster' : 'deskfleet', cluster),
        command: nodeCommand('storage/mounter/main.js'),
        resources: { cpu: '10m', memory: '96Mi', memoryLimit: '256Mi' },
        ...(onGluster ? { env: { DESKFLEET_VOLUME: GLUSTER.volume } } : {}),
        fieldEnv: { NODE_NAME: 'spec.nodeName' },
        ports: { metrics: 9090 },
        volumes: [
          ...(storage.kind === 'path' ? [pathVolume(storage.path)] : []),
          // The client's files, and by what the PC is known to the others.
          ...(onGluster ? [OWN, LOGS] : []),
          {
            name: 'run',
            mountPath: STORAGE.run,
            hostPath: { path: STORAGE.run, type: 'DirectoryOrCreate' },
            writable: true,
            propagation: 'Bidirectional',
          },
        ],
        // Kubernetes lets mounts out of privileged containers alone.
        root: 'privileged',
      },
    ],
  })
}

/** What of ours a PC keeps on its own disk. */
const OWN = {
  name: 'own',
  mountPath: PC_FOLDER,
  hostPath: { path: PC_FOLDER, type: 'DirectoryOrCreate' },
  writable: true,
}

/** What its client of the volume says, outside all pods. */
const LOGS = {
  name: 'logs',
  mountPath: PC_LOGS,
  hostPath: { path: PC_LOGS, type: 'DirectoryOrCreate' },
  writable: true,
}
