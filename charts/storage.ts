import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import { API_GROUP, IDENTITY, NAMESPACES, STORAGE } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import type { App } from './app.ts'
import { nodeCommand } from './kit/pods.ts'
import { program } from './kit/program.ts'
import { PRIORITIES } from './priorities.ts'

const namespace = NAMESPACES.storage

/** Homes and the shared folder, on a directory that is the same on every PC. Other kinds of storage have no charts yet. */
export const storage: App = {
  name: 'storage',
  about: 'Homes and the shared folder: made, bound to people, shown on every PC',
  namespace,
  after: ['namespaces', 'identity'],
  when: (cluster) => cluster.storage.kind === 'path',
  chart: (scope, cluster) => {
    if (cluster.storage.kind !== 'path') return
    const directory = storageDirectory(cluster.storage.path)
    homes(scope, cluster, directory)
    mounter(scope, cluster, directory)
  },
}

/**
 * `type: Directory`: a PC without the directory gets no pod of ours that would make an empty one. Writable also where it
 * is only shown, since a home shown from a read-only place would be read-only too.
 */
const storageDirectory = (path: string) => ({
  name: 'storage',
  mountPath: STORAGE.directory,
  hostPath: { path, type: 'Directory' },
  writable: true,
  propagation: 'HostToContainer' as const,
})

type Directory = ReturnType<typeof storageDirectory>

/** Makes homes, and the volumes and claims that lead to them. */
function homes(scope: Construct, cluster: Cluster, directory: Directory): void {
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
function mounter(scope: Construct, cluster: Cluster, directory: Directory): void {
  program(scope, {
    name: STORAGE.mounter,
    namespace,
    // A desktop may run on any PC.
    workload: { kind: 'DaemonSet', update: { maxUnavailable: '20%' } },
    priorityClass: PRIORITIES.platform.name,
    rights: {
      cluster: [{ group: API_GROUP, resources: [IDENTITY.plural], verbs: ['get'] }],
      namespaces: { [NAMESPACES.desktops]: [{ group: '', resources: ['pods'], verbs: ['list', 'watch'] }] },
    },
    containers: [
      {
        image: imageReference('deskfleet', cluster),
        command: nodeCommand('storage/mounter/main.js'),
        resources: { cpu: '10m', memory: '96Mi', memoryLimit: '256Mi' },
        fieldEnv: { NODE_NAME: 'spec.nodeName' },
        ports: { metrics: 9090 },
        volumes: [
          directory,
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
