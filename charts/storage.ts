import type { V1PodTemplateSpec, V1SecurityContext } from '@kubernetes/client-node'
import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import { API_GROUP, IDENTITY, NAMESPACES, STORAGE } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import { account } from './kit/access.ts'
import { API_SERVER, allow, DNS } from './kit/network.ts'
import { add } from './kit/objects.ts'
import { nodeCommand, programPod, selects } from './kit/pods.ts'
import { PRIORITIES } from './priorities.ts'

const namespace = NAMESPACES.storage
const STORAGE_VOLUME = 'storage'
const RUN_VOLUME = 'run'

/** Homes on a directory that is the same on every PC. Other kinds of storage have no charts yet. */
export function storage(scope: Construct, cluster: Cluster): void {
  homes(scope, cluster)
  mounter(scope, cluster)
  for (const program of [STORAGE.homes, STORAGE.mounter]) {
    // Metrics are read within the namespace; names and the API server are all that either calls.
    allow(scope, {
      program,
      namespace,
      hears: [{ peer: { namespace }, ports: [9090] }],
      calls: [...DNS, API_SERVER],
    })
  }
}

/** `type: Directory`: a PC without the directory gets no pod of ours that would make an empty one. */
const storageDirectory = (cluster: Cluster) => ({
  name: STORAGE_VOLUME,
  mountPath: STORAGE.directory,
  hostPath: { path: cluster.storage.path ?? '', type: 'Directory' },
})

function homes(scope: Construct, cluster: Cluster): void {
  const name = STORAGE.homes
  account(scope, name, namespace, {
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
  })
  const template = programPod({
    name,
    image: imageReference('deskfleet', cluster),
    command: nodeCommand('storage/homes/main.ts'),
    serviceAccount: name,
    priorityClass: PRIORITIES.platform.name,
    resources: { cpu: '20m', memory: '128Mi', memoryLimit: '512Mi' },
    ports: { metrics: 9090 },
    volumes: [{ ...storageDirectory(cluster), writable: true }],
  })
  add(
    scope,
    'apps/v1/Deployment',
    { name, namespace },
    {
      spec: {
        // One acts, one waits for its Lease.
        replicas: 2,
        revisionHistoryLimit: 3,
        selector: { matchLabels: selects(name) },
        template: asRoot(template, 'HostToContainer', {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          // What it takes to make a directory for somebody else, and to read a marker in it.
          capabilities: { drop: ['ALL'], add: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID'] },
        }),
      },
    },
  )
}

function mounter(scope: Construct, cluster: Cluster): void {
  const name = STORAGE.mounter
  account(scope, name, namespace, {
    cluster: [{ group: API_GROUP, resources: [IDENTITY.plural], verbs: ['get'] }],
    namespaces: { [NAMESPACES.desktops]: [{ group: '', resources: ['pods'], verbs: ['list', 'watch'] }] },
  })
  const template = asRoot(
    programPod({
      name,
      image: imageReference('deskfleet', cluster),
      command: nodeCommand('storage/mounter/main.ts'),
      serviceAccount: name,
      priorityClass: PRIORITIES.platform.name,
      resources: { cpu: '10m', memory: '96Mi', memoryLimit: '256Mi' },
      ports: { metrics: 9090 },
      volumes: [
        // Writable, since a home shown from a read-only place would be read-only too.
        { ...storageDirectory(cluster), writable: true },
        {
          name: RUN_VOLUME,
          mountPath: STORAGE.run,
          hostPath: { path: STORAGE.run, type: 'DirectoryOrCreate' },
          writable: true,
        },
      ],
    }),
    'HostToContainer',
    // Kubernetes lets mounts out of privileged containers alone.
    { privileged: true, readOnlyRootFilesystem: true },
  )
  const { spec } = template
  if (spec === undefined) throw new Error('a pod template has a spec')
  const { topologySpreadConstraints: _, tolerations: __, ...kept } = spec
  add(
    scope,
    'apps/v1/DaemonSet',
    { name, namespace },
    {
      spec: {
        revisionHistoryLimit: 3,
        selector: { matchLabels: selects(name) },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '20%', maxSurge: 0 } },
        template: {
          ...template,
          spec: {
            ...kept,
            // A desktop may run on any PC, whatever keeps other pods away from it.
            tolerations: [{ operator: 'Exists' }],
            containers: kept.containers.map((container) => ({
              ...container,
              env: [
                {
                  name: 'NODE_NAME',
                  valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } },
                },
              ],
              volumeMounts: (container.volumeMounts ?? []).map((mount) =>
                mount.name === RUN_VOLUME ? { ...mount, mountPropagation: 'Bidirectional' } : mount,
              ),
            })),
          },
        },
      },
    },
  )
}

/** A program's pod as root, with these rights, seeing mounts of the PC that come later. */
function asRoot(
  template: V1PodTemplateSpec,
  mountPropagation: string,
  securityContext: V1SecurityContext,
): V1PodTemplateSpec {
  if (template.spec === undefined) throw new Error('a pod template has a spec')
  return {
    ...template,
    spec: {
      ...template.spec,
      securityContext: { runAsUser: 0, runAsGroup: 0, seccompProfile: { type: 'RuntimeDefault' } },
      containers: template.spec.containers.map((container) => ({
        ...container,
        securityContext,
        volumeMounts: (container.volumeMounts ?? []).map((mount) => ({ ...mount, mountPropagation })),
      })),
    },
  }
}
