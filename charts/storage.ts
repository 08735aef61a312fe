import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import {
  API_GROUP,
  GLUSTER,
  GLUSTER_VOLUME,
  HOME_PLACE,
  IDENTITY,
  NAMESPACES,
  PC_FOLDER,
  PC_LOGS,
  STORAGE,
  STORAGE_MOVE,
} from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import { dataPath, writeServiceData } from '../config/service-data.ts'
import { type Storage, storageFolder } from '../config/storage.ts'
import type { App } from './app.ts'
import { leaseRights } from './kit/access.ts'
import { add } from './kit/objects.ts'
import { nodeCommand } from './kit/pods.ts'
import { KEPT } from './kit/policies/contents.ts'
import { program } from './kit/program.ts'
import type { Volume } from './kit/volumes.ts'
import { PRIORITIES } from './priorities.ts'
import { dataVolume, type ServiceData } from './services/data.ts'
import { moveDefinitions, usageDefinition } from './storage/definitions.ts'
import { gluster } from './storage/gluster.ts'
import { FORMER_MEASURES, MEASURES } from './storage/measures.ts'
import { POOL_MEMBER } from './storage/pool-member.ts'

const namespace = NAMESPACES.storage

/** Homes and the shared folder: on disks of the PCs, in a directory that is the same on every PC, or on a StorageClass. */
export const storage: App = {
  name: 'storage',
  about: 'Homes and the shared folder: made, bound to people, shown on every PC',
  namespace,
  after: ['namespaces', 'identity'],
  chart: (scope, cluster, { data }) => {
    const { storage } = cluster
    usageDefinition(scope)
    if (storage.kind === 'gluster') gluster(scope, cluster, storage)
    if (storage.kind === 'gluster' && storage.from !== undefined) move(scope, cluster)
    if (storage.kind === 'existing') claim(scope, storage)
    for (const one of data) dataVolume(scope, cluster, one)
    homes(scope, cluster, data)
    mounter(scope, cluster)
  },
}

const STORAGE_MOUNT = {
  name: 'storage',
  mountPath: STORAGE.directory,
  writable: true,
  propagation: 'HostToContainer',
} as const

/** The storage directory in a container; of a Gluster volume the mounter mounts it itself. */
function directoryOf(storage: Exclude<Storage, { readonly kind: 'gluster' }>): Volume {
  if (storage.kind === 'existing')
    return { ...STORAGE_MOUNT, persistentVolumeClaim: { claimName: STORAGE.claim } }
  // `Directory`: a PC without the directory gets no pod of ours that would make an empty one. Writable also where it is
  // only shown, since a home shown from a read-only place would be read-only too.
  return { ...STORAGE_MOUNT, hostPath: { path: storage.path, type: 'Directory' } }
}

/** The directory that homes are moved away from, beside the storage directory. */
function besideOf(storage: Storage): Volume[] {
  if (storage.kind !== 'gluster' || storage.from === undefined) return []
  return [
    {
      ...STORAGE_MOUNT,
      name: 'from',
      mountPath: STORAGE.from,
      hostPath: { path: storage.from, type: 'Directory' },
    },
  ]
}
const isMoving = (storage: Storage): boolean => besideOf(storage).length > 0

/** Below it the mounter of each PC shows the Gluster volume: that comes and goes. */
const SHOWN: Volume = {
  ...STORAGE_MOUNT,
  mountPath: STORAGE.run,
  hostPath: { path: STORAGE.run, type: 'Directory' },
}

/** One volume of the site's for everybody: homes are folders in it, as in any storage directory. */
function claim(
  scope: Construct,
  { storageClass, size }: Extract<Storage, { readonly kind: 'existing' }>,
): void {
  add(
    scope,
    'v1/PersistentVolumeClaim',
    { name: STORAGE.claim, namespace, annotations: KEPT },
    {
      spec: {
        accessModes: ['ReadWriteMany'],
        storageClassName: storageClass,
        volumeMode: 'Filesystem',
        resources: { requests: { storage: size } },
      },
    },
  )
}

/** The folders that services keep their data in; a StorageClass has none of ours. */
const foldersOf = (storage: Storage, data: readonly ServiceData[]): { DESKFLEET_SERVICE_DATA?: string } =>
  storageFolder(storage) === undefined || data.length === 0
    ? {}
    : {
        DESKFLEET_SERVICE_DATA: writeServiceData(
          data.map(({ service, claim, user }) => ({ path: dataPath(service, claim), uid: user })),
        ),
      }

/** Makes homes, and the volumes and claims that lead to them. */
function homes(scope: Construct, cluster: Cluster, data: readonly ServiceData[]): void {
  const { storage } = cluster
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
          ...leaseRights(name),
          // Of a Gluster volume, its agents measure.
          ...(storage.kind === 'gluster' ? [] : [MEASURES]),
          FORMER_MEASURES,
          ...(isMoving(storage)
            ? [
                { group: API_GROUP, resources: [HOME_PLACE.plural], verbs: ['list', 'create'] },
                { group: API_GROUP, resources: [STORAGE_MOVE.plural], verbs: ['get'] },
              ]
            : []),
        ],
      },
    },
    containers: [
      {
        image: imageReference('deskfleet', cluster),
        command: nodeCommand('storage/homes/main.js'),
        env: {
          ...(storage.kind === 'gluster'
            ? { DESKFLEET_STORAGE: STORAGE.volume, DESKFLEET_VOLUME: GLUSTER.volume }
            : {}),
          ...(isMoving(storage) ? { DESKFLEET_FROM: STORAGE.from } : {}),
          ...foldersOf(storage, data),
        },
        resources: { cpu: '20m', memory: '128Mi', memoryLimit: '512Mi' },
        ports: { metrics: 9090 },
        volumes: [storage.kind === 'gluster' ? SHOWN : directoryOf(storage), ...besideOf(storage)],
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
        // Which other PCs have fallen silent.
        'kube-node-lease': [{ group: 'coordination.k8s.io', resources: ['leases'], verbs: ['list'] }],
        ...(onGluster
          ? {
              [namespace]: [
                { group: API_GROUP, resources: [GLUSTER_VOLUME.plural], verbs: ['get', 'list', 'watch'] },
                ...(member?.namespaces?.[namespace] ?? []),
                ...(isMoving(storage)
                  ? [{ group: API_GROUP, resources: [HOME_PLACE.plural], verbs: ['get'] }]
                  : []),
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
        ...(onGluster
          ? {
              env: {
                DESKFLEET_VOLUME: GLUSTER.volume,
                ...(isMoving(storage) ? { DESKFLEET_FROM: STORAGE.from } : {}),
              },
            }
          : {}),
        fieldEnv: { NODE_NAME: 'spec.nodeName' },
        ports: { metrics: 9090 },
        volumes: [
          ...(storage.kind === 'gluster' ? besideOf(storage) : [directoryOf(storage)]),
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

/** Moves homes from the directory to the volume; sees both, and nothing else. */
function move(scope: Construct, cluster: Cluster): void {
  moveDefinitions(scope)
  const name = STORAGE_MOVE.program
  const custom = (resource: string, verbs: readonly string[]) => ({
    group: API_GROUP,
    resources: [resource],
    verbs,
  })
  program(scope, {
    name,
    namespace,
    // One acts, one waits for its Lease.
    workload: { kind: 'Deployment', replicas: 2 },
    priorityClass: PRIORITIES.platform.name,
    rights: {
      namespaces: {
        [NAMESPACES.desktops]: [{ group: '', resources: ['pods'], verbs: ['list'] }],
        [namespace]: [
          custom(HOME_PLACE.plural, ['get', 'list', 'update', 'delete']),
          custom(STORAGE_MOVE.plural, ['get', 'create']),
          custom(`${STORAGE_MOVE.plural}/status`, ['patch']),
          ...leaseRights(name),
        ],
      },
    },
    containers: [
      {
        image: imageReference('deskfleet', cluster),
        command: nodeCommand('storage/move/main.js'),
        env: { DESKFLEET_STORAGE: STORAGE.volume, DESKFLEET_FROM: STORAGE.from },
        // rsync remembers hard links, and a part of the names of a home, while it goes through it.
        resources: { cpu: '20m', memory: '128Mi', memoryLimit: '1Gi' },
        ports: { metrics: 9090 },
        volumes: [SHOWN, ...besideOf(cluster.storage)],
        // What it takes to read and write the files of everybody, and to give each copy to whom it belongs.
        root: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID'],
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
