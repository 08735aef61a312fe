import type { Construct } from 'constructs'
import { secondsOf } from '../../config/duration.ts'
import { imageReference } from '../../config/images.ts'
import { BRICK } from '../../config/labels.ts'
import {
  API_GROUP,
  GLUSTER,
  GLUSTER_BRICK,
  GLUSTER_VOLUME,
  NAMESPACES,
  PC_FOLDER,
  STORAGE,
} from '../../config/names.ts'
import type { Cluster } from '../../config/schema.ts'
import type { Storage } from '../../config/storage.ts'
import { leaseRights } from '../kit/access.ts'
import { GLUSTER_VOLUME_KIND } from '../kit/kinds.ts'
import { add } from '../kit/objects.ts'
import { nodeCommand } from '../kit/pods.ts'
import { KEPT } from '../kit/policies/contents.ts'
import { program } from '../kit/program.ts'
import { PRIORITIES } from '../priorities.ts'
import { glusterDefinitions } from './definitions.ts'
import { MEASURES } from './measures.ts'

const namespace = NAMESPACES.storage

/** A replicated volume on disks of the PCs: how it shall be, and the servers that make it so. */
export function gluster(
  scope: Construct,
  cluster: Cluster,
  storage: Extract<Storage, { readonly kind: 'gluster' }>,
): void {
  glusterDefinitions(scope)
  const { replicas, minReplicas, spares, replaceAfter } = storage
  add(
    scope,
    GLUSTER_VOLUME_KIND,
    { name: GLUSTER.volume, namespace, annotations: KEPT },
    {
      spec: {
        replicas,
        ...(minReplicas === undefined ? {} : { minReplicas }),
        spares,
        replaceAfterSeconds: secondsOf(replaceAfter),
      },
    },
  )
  server(scope, cluster)
}

const custom = (resource: string, verbs: readonly string[]) => ({
  group: API_GROUP,
  resources: [resource],
  verbs,
})

/** On each PC with a brick: glusterd, and the agent that keeps both; one of the agents keeps the volume. */
function server(scope: Construct, cluster: Cluster): void {
  const name = GLUSTER.server
  program(scope, {
    name,
    namespace,
    // Bricks are in it: a new version waits until the PC is off anyway, or somebody deletes its pod.
    workload: { kind: 'DaemonSet', update: 'OnDelete' },
    node: { network: true, labels: { [BRICK]: 'true' } },
    priorityClass: PRIORITIES.platform.name,
    rights: {
      cluster: [{ group: '', resources: ['nodes'], verbs: ['get', 'list', 'watch'] }],
      namespaces: {
        [namespace]: [
          custom(GLUSTER_VOLUME.plural, ['get', 'list', 'watch']),
          custom(`${GLUSTER_VOLUME.plural}/status`, ['update']),
          custom(GLUSTER_BRICK.plural, ['get', 'list', 'create']),
          custom(`${GLUSTER_BRICK.plural}/status`, ['update']),
          MEASURES,
          { group: '', resources: ['events'], verbs: ['create'] },
          ...leaseRights(name),
        ],
      },
    },
    containers: [
      {
        image: imageReference('gluster', cluster),
        // As the first process, the agent or glusterd would leave a dead brick as a zombie, and never start it again.
        command: ['tini', '--', ...nodeCommand('storage/gluster/agent/main.js')],
        resources: { cpu: '50m', memory: '256Mi', memoryLimit: '1Gi' },
        env: {
          DESKFLEET_METRICS_LISTEN: `0.0.0.0:${GLUSTER.health}`,
          DESKFLEET_TIME_ZONE: cluster.desktops.timeZone,
        },
        fieldEnv: { NODE_NAME: 'spec.nodeName' },
        ports: { metrics: GLUSTER.health },
        volumes: [
          // The folder above the brick, so that a disk that is mounted later is seen as well.
          {
            name: 'deskfleet',
            mountPath: PC_FOLDER,
            hostPath: { path: PC_FOLDER, type: 'DirectoryOrCreate' },
            writable: true,
            propagation: 'HostToContainer',
          },
          {
            name: 'state',
            mountPath: '/var/lib/glusterd',
            hostPath: { path: GLUSTER.state, type: 'DirectoryOrCreate' },
            writable: true,
          },
          {
            name: 'tls',
            mountPath: '/tls',
            hostPath: { path: GLUSTER.tls, type: 'DirectoryOrCreate' },
          },
          // Where a client of this PC shows the volume: its root is repaired there after a change of bricks.
          {
            name: 'shown',
            mountPath: STORAGE.run,
            hostPath: { path: STORAGE.run, type: 'DirectoryOrCreate' },
            propagation: 'HostToContainer',
          },
          {
            name: 'run',
            mountPath: '/run',
            writable: true,
            emptyDir: { medium: 'Memory', sizeLimit: '16Mi' },
          },
          // glusterd writes what it is about to load into a file first.
          {
            name: 'temporary',
            mountPath: '/tmp',
            writable: true,
            emptyDir: { medium: 'Memory', sizeLimit: '16Mi' },
          },
          { name: 'log', mountPath: '/var/log/glusterfs', writable: true, emptyDir: { sizeLimit: '256Mi' } },
        ],
        // The marks on a brick and the files of everybody in it; `/dev/fuse`, without which Gluster replaces no brick.
        root: 'privileged',
      },
    ],
  })
}
