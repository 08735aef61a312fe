import type { V1Node, V1PersistentVolume, V1Pod, V1PodSpec } from '@kubernetes/client-node'
import test from 'ava'
import { readToldVolume, type ToldVolume } from '../../../cluster/gluster-volume.ts'
import {
  BRICK,
  CORDONED_BY,
  DISK_FREE,
  LAST_INPUT,
  MASTER,
  MOVES_FOR,
  NEVER_MASTER,
  PERSON,
  WRITE_TAKES,
} from '../../../config/labels.ts'
import { homeParent } from '../../../config/names.ts'
import type { NodeBrick } from '../../../orchestrator/facts.ts'
import { nodesFrom, type Seen } from '../../../orchestrator/observe/nodes.ts'
import { GIB, MINUTE, NOW } from '../facts.ts'

const EMPTY: Seen = {
  nodes: [],
  leases: [],
  pods: [],
  deployments: [],
  disks: [],
  volume: undefined,
  now: NOW,
}

const nodeNamed = (name: string, is: Partial<V1Node> = {}): V1Node => ({
  metadata: { name, uid: `uid of ${name}`, labels: {}, annotations: {} },
  spec: {},
  status: {
    capacity: { cpu: '4', memory: '8Gi' },
    conditions: [{ type: 'Ready', status: 'True' }],
    nodeInfo: { bootID: 'boot-1', kubeletVersion: 'v1.37.2' } as never,
  },
  ...is,
})

const podNamed = (name: string, is: Partial<V1Pod> = {}, spec: Partial<V1PodSpec> = {}): V1Pod => ({
  metadata: { name, namespace: 'default', ...is.metadata },
  spec: { nodeName: 'pc-1', containers: [], ...spec },
  status: is.status ?? { phase: 'Running' },
})

const seenOn = (pod: V1Pod, seen: Partial<Seen> = {}) => {
  const [node] = nodesFrom({ ...EMPTY, nodes: [nodeNamed('pc-1')], pods: [pod], ...seen })
  return node?.pods[0]
}

test('a PC is what its Node and its Lease say', (t) => {
  const renewTime = new Date(NOW) as never
  const plain = nodesFrom({
    ...EMPTY,
    nodes: [nodeNamed('pc-1')],
    leases: [{ metadata: { name: 'pc-1' }, spec: { renewTime } }],
  })
  t.deepEqual(plain, [
    {
      name: 'pc-1',
      uid: 'uid of pc-1',
      ready: true,
      renewTime: new Date(NOW).toISOString(),
      bootId: 'boot-1',
      master: false,
      unschedulable: false,
      cordonedBy: undefined,
      warnedBy: undefined,
      version: 'v1.37.2',
      cores: 4,
      memory: 8 * GIB,
      diskFree: undefined,
      fsync: undefined,
      zone: undefined,
      never: false,
      pods: [],
      brick: 'none',
    },
  ])
})

test('labels and annotations of a PC are read, and only where they say something', (t) => {
  const [told, nonsense] = nodesFrom({
    ...EMPTY,
    nodes: [
      nodeNamed('pc-1', {
        metadata: {
          name: 'pc-1',
          labels: { [MASTER]: '', [NEVER_MASTER]: 'true', 'topology.kubernetes.io/zone': 'west' },
          annotations: {
            [DISK_FREE]: '32212254720',
            [WRITE_TAKES]: '2.5',
            [CORDONED_BY]: 'replace-41',
            [MOVES_FOR]: 'replace-40',
          },
        },
        spec: { unschedulable: true },
      }),
      nodeNamed('pc-2', {
        metadata: {
          name: 'pc-2',
          labels: { [NEVER_MASTER]: 'false' },
          annotations: { [DISK_FREE]: 'much', [WRITE_TAKES]: '' },
        },
        status: { conditions: [{ type: 'Ready', status: 'Unknown' }] },
      }),
    ],
  })
  t.like(told, {
    master: true,
    never: true,
    zone: 'west',
    diskFree: 30 * GIB,
    fsync: 2.5,
    cordonedBy: 'replace-41',
    warnedBy: 'replace-40',
    unschedulable: true,
    renewTime: undefined,
  })
  t.like(nonsense, { never: false, diskFree: undefined, fsync: undefined, ready: false, cores: 0, memory: 0 })
})

test('a pod lies on its PC until it has ended', (t) => {
  const pods = [
    podNamed('runs'),
    podNamed('is-bound', { status: { phase: 'Pending' } }),
    podNamed('ended', { status: { phase: 'Succeeded' } }),
    podNamed('failed', { status: { phase: 'Failed' } }),
    podNamed('elsewhere', {}, { nodeName: 'pc-2' }),
    podNamed('nowhere', { status: { phase: 'Pending' } }, { nodeName: undefined as never }),
  ]
  const [node] = nodesFrom({ ...EMPTY, nodes: [nodeNamed('pc-1')], pods })
  t.deepEqual(
    node?.pods.map(({ name }) => name),
    ['default/runs', 'default/is-bound'],
  )
})

test('what belongs to the PC itself stays, and what must not be moved is pinned', (t) => {
  const owned = (kind: string) => ({
    metadata: { ownerReferences: [{ apiVersion: 'apps/v1', kind, name: 'x', uid: 'x' }] },
  })
  t.like(seenOn(podNamed('a', owned('DaemonSet'))), { stays: true })
  t.like(seenOn(podNamed('a', owned('ReplicaSet'))), { stays: false, pinned: false, priority: 0 })
  t.like(seenOn(podNamed('a', { metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } })), {
    stays: true,
  })
  const movable = (is: string) => ({ 'cluster-autoscaler.kubernetes.io/safe-to-evict': is })
  t.like(seenOn(podNamed('a', { metadata: { annotations: movable('false') } }, { priority: 7 })), {
    pinned: true,
    priority: 7,
  })
  t.like(seenOn(podNamed('a', { metadata: { annotations: movable('true') } })), { pinned: false })
})

test('a desktop is in use for a quarter of an hour after the last key', (t) => {
  const pod = podNamed('desktop-mia-1-2', {
    metadata: { namespace: 'desktops', labels: { [PERSON]: 'mia' } },
  })
  const after = (minutes: number) => ({
    deployments: [
      {
        metadata: {
          name: 'desktop-mia',
          annotations: { [LAST_INPUT]: new Date(NOW - minutes * MINUTE).toISOString() },
        },
      },
    ],
  })
  t.like(seenOn(pod, after(14)), { desktop: true, active: true })
  t.like(seenOn(pod, after(16)), { desktop: true, active: false })
  // The clock of whoever wrote it is ahead.
  t.like(seenOn(pod, after(-1)), { desktop: true, active: true })
  t.like(seenOn(pod), { desktop: true, active: false })
  const other = podNamed('x', { metadata: { namespace: 'default', labels: { [PERSON]: 'mia' } } })
  t.like(seenOn(other, after(1)), { desktop: false, active: false })
})

const mounting = (path: string, readOnly?: boolean): Partial<V1PodSpec> => ({
  containers: [
    { name: 'a', volumeMounts: [{ name: 'v', mountPath: '/v', ...(readOnly ? { readOnly } : {}) }] },
  ],
  volumes: [{ name: 'v', hostPath: { path } }],
})

test('files of the PC that a pod may write go with the PC; those of the room do not', (t) => {
  t.like(seenOn(podNamed('a', {}, mounting('/var/lib/x'))), { localData: true })
  t.like(seenOn(podNamed('a', {}, mounting('/var/lib/x', true))), { localData: false })
  t.like(seenOn(podNamed('a', {}, mounting(homeParent('mia')))), { localData: false })
  t.like(seenOn(podNamed('a', {}, mounting('/run/deskfleet-other'))), { localData: true })
  const [first] = mounting('/var/lib/x').containers ?? []
  t.like(
    seenOn(
      podNamed('a', {}, { ...mounting('/var/lib/x'), containers: [], initContainers: [first as never] }),
    ),
    { localData: true },
  )
})

test('so do those of a volume that one PC has', (t) => {
  const pod = podNamed('a', {}, { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] })
  const disk = (spec: V1PersistentVolume['spec']) => ({
    disks: [{ spec: { claimRef: { namespace: 'default', name: 'data' }, ...spec } }],
  })
  const affinity = { required: { nodeSelectorTerms: [{}] } }
  t.like(seenOn(pod, disk({ local: { path: '/x' } })), { localData: true })
  t.like(seenOn(pod, disk({ hostPath: { path: '/x' }, nodeAffinity: affinity })), { localData: true })
  // The folder of a home: the same on every PC.
  t.like(seenOn(pod, disk({ hostPath: { path: '/x' } })), { localData: false })
  t.like(seenOn(pod, disk({ nfs: { path: '/x', server: 'x' } })), { localData: false })
  t.like(seenOn(pod, disk({ local: { path: '/x' }, claimRef: { namespace: 'other', name: 'data' } })), {
    localData: false,
  })
})

type SetTold = ToldVolume['sets'][number]
const setOf = (pcs: readonly string[], is: Partial<SetTold> = {}): SetTold => ({
  bricks: pcs.map((pc) => ({ pc, state: 'here', arbiter: false })),
  bytes: 1,
  free: 1,
  pending: 0,
  ...is,
})
const volume = (sets: readonly SetTold[], is: 'True' | 'False' = 'True'): ToldVolume => {
  const told = readToldVolume({ spec: { replicas: 3 }, status: { sets, spares: ['pc-9'] } }) as ToldVolume
  return { ...told, conditions: [{ type: 'Available', status: is } as never] }
}
const brickOf = (pc: string, told: Seen['volume']): NodeBrick | 'none' | undefined => {
  const node = nodeNamed(pc, { metadata: { name: pc, labels: { [BRICK]: 'true' } } })
  return nodesFrom({ ...EMPTY, nodes: [node], volume: told })[0]?.brick
}
const THREE = ['pc-1', 'pc-2', 'pc-3']

test('a set of bricks can do without a PC while all of it is there, and a majority stays', (t) => {
  t.deepEqual(brickOf('pc-2', volume([setOf(['pc-4', 'pc-5', 'pc-6']), setOf(THREE)])), {
    set: 1,
    mayLose: true,
  })
  t.deepEqual(brickOf('pc-1', volume([setOf(THREE, { pending: 1 })])), { set: 0, mayLose: false })
  t.deepEqual(brickOf('pc-1', volume([setOf(['pc-1', 'pc-2'])])), { set: 0, mayLose: false })
  t.deepEqual(brickOf('pc-1', volume([setOf(['pc-1'])])), { set: 0, mayLose: false })
  t.deepEqual(brickOf('pc-1', volume([setOf(THREE)], 'False')), { set: 0, mayLose: false })
  for (const state of ['behind', 'missing', 'unknown']) {
    const bricks = THREE.map((pc) => ({ pc, state: pc === 'pc-3' ? state : 'here', arbiter: false }))
    t.deepEqual(brickOf('pc-1', volume([setOf([], { bricks })])), { set: 0, mayLose: false }, state)
  }
})

test('of a volume that is not known no set can do without anybody', (t) => {
  t.deepEqual(brickOf('pc-1', 'unread'), { set: -1, mayLose: false })
  t.deepEqual(brickOf('pc-1', volume([])), { set: -1, mayLose: false })
  t.is(brickOf('pc-1', undefined), 'none')
  t.is(brickOf('pc-9', volume([setOf(THREE)])), 'none')
  t.is(nodesFrom({ ...EMPTY, nodes: [nodeNamed('pc-1')], volume: 'unread' })[0]?.brick, 'none')
})
