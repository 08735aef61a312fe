import type { V1Container, V1PolicyRule, V1Volume } from '@kubernetes/client-node'
import test from 'ava'
import { parse } from 'yaml'
import { compileCluster } from '../../charts/apps.ts'
import { GLUSTER, HOME_PLACE, NAMESPACES, STORAGE, STORAGE_MOVE } from '../../config/names.ts'
import { readCluster } from '../../config/read.ts'

/** The programs of storage, by the kind of storage. */

interface Rendered {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules?: readonly V1PolicyRule[]
  readonly spec?: Record<string, unknown> & {
    readonly template?: {
      readonly spec: Record<string, unknown> & {
        readonly containers: readonly V1Container[]
        readonly volumes?: readonly V1Volume[]
      }
    }
  }
}

function rendered(storage: string): Rendered[] {
  const read = readCluster({ name: 'cluster.yaml', text: `domain: room.test\nstorage: ${storage}\n` })
  if (!read.ok) throw new Error(read.findings.map(({ what }) => what).join('\n'))
  const outcome = compileCluster(read.value)
  if (!outcome.ok) throw new Error(outcome.findings.map(({ what }) => what).join('\n'))
  return [...outcome.value.files.values()].map((text) => parse(text))
}

const podOf = (all: Rendered[], name: string) =>
  all.find(({ kind, metadata }) => ['Deployment', 'DaemonSet'].includes(kind) && metadata.name === name)?.spec
    ?.template?.spec

/** What a program mounts at a path: the source of that volume. */
function mountedAt(all: Rendered[], program: string, path: string): Partial<V1Volume> | undefined {
  const pod = podOf(all, program)
  const mount = pod?.containers[0]?.volumeMounts?.find(({ mountPath }) => mountPath === path)
  return pod?.volumes?.find(({ name }) => name === mount?.name)
}

const KINDS = {
  gluster: '{ kind: gluster }',
  path: '{ kind: path, path: /srv/homes }',
  existing: '{ kind: existing, storageClass: site }',
  moving: '{ kind: gluster, from: { kind: path, path: /srv/homes } }',
}

test('of a path, who makes homes and who shows them see that directory', (t) => {
  const all = rendered(KINDS.path)
  for (const program of [STORAGE.homes, STORAGE.mounter])
    t.is(mountedAt(all, program, STORAGE.directory)?.hostPath?.path, '/srv/homes')
  t.is(podOf(all, STORAGE.mounter)?.hostPID, undefined)
  t.is(podOf(all, GLUSTER.server), undefined)
})

test('of a StorageClass, both see the one claim, which asks for many writers and is never pruned', (t) => {
  const all = rendered(KINDS.existing)
  for (const program of [STORAGE.homes, STORAGE.mounter])
    t.is(mountedAt(all, program, STORAGE.directory)?.persistentVolumeClaim?.claimName, STORAGE.claim)
  const claim = all.find(
    ({ kind, metadata }) => kind === 'PersistentVolumeClaim' && metadata.name === STORAGE.claim,
  )
  t.like(claim?.spec, { accessModes: ['ReadWriteMany'], storageClassName: 'site' })
  t.like(claim?.spec, { resources: { requests: { storage: '1Ti' } } })
  t.like(claim?.metadata, { annotations: { 'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false' } })
})

test('of a Gluster volume, homes are made below what the mounter shows, and nowhere before', (t) => {
  const all = rendered(KINDS.gluster)
  t.is(mountedAt(all, STORAGE.homes, STORAGE.run)?.hostPath?.path, STORAGE.run)
  const env = new Map(podOf(all, STORAGE.homes)?.containers[0]?.env?.map(({ name, value }) => [name, value]))
  t.is(env.get('DESKFLEET_STORAGE'), STORAGE.volume)
  t.is(env.get('DESKFLEET_VOLUME'), GLUSTER.volume)
  t.true(podOf(all, STORAGE.mounter)?.hostPID)
  t.is(mountedAt(all, STORAGE.mounter, STORAGE.directory), undefined)
})

test('while homes are moved, those who make, show and move them see the directory that they come from', (t) => {
  const all = rendered(KINDS.moving)
  for (const program of [STORAGE.homes, STORAGE.mounter, STORAGE_MOVE.program]) {
    t.is(mountedAt(all, program, STORAGE.from)?.hostPath?.path, '/srv/homes')
    const env = podOf(all, program)?.containers[0]?.env?.map(({ name, value }) => `${name}=${value}`) ?? []
    t.true(env.includes(`DESKFLEET_FROM=${STORAGE.from}`), program)
  }
  t.is(mountedAt(all, STORAGE_MOVE.program, STORAGE.run)?.hostPath?.path, STORAGE.run)
  t.deepEqual(
    podOf(all, STORAGE_MOVE.program)
      ?.volumes?.flatMap(({ hostPath }) => hostPath?.path ?? [])
      .sort(),
    [STORAGE.run, '/srv/homes'],
    'and nothing else of a PC',
  )
})

test('whoever moves nothing has nothing of it', (t) => {
  const all = rendered(KINDS.gluster)
  const text = JSON.stringify(all)
  for (const word of [STORAGE_MOVE.program, STORAGE_MOVE.plural, HOME_PLACE.plural, 'DESKFLEET_FROM'])
    t.false(text.includes(word), word)
})

test('a server of Gluster is replaced by nobody but whoever deletes its pod, and tini is its first process', (t) => {
  const all = rendered(KINDS.gluster)
  const server = all.find(({ kind, metadata }) => kind === 'DaemonSet' && metadata.name === GLUSTER.server)
  t.deepEqual(server?.spec?.updateStrategy, { type: 'OnDelete' })
  t.is(podOf(all, GLUSTER.server)?.containers[0]?.command?.[0], 'tini')
  t.deepEqual(podOf(all, GLUSTER.server)?.nodeSelector, { 'deskfleet.io/brick': 'true' })
})

test('agents of Gluster may write what stands in their own namespace, and nothing of a Node', (t) => {
  const all = rendered(KINDS.gluster)
  const roles = all.filter(
    ({ kind, metadata }) => /Role$/.test(kind) && metadata.name.replace('deskfleet-', '') === GLUSTER.server,
  )
  t.deepEqual(
    roles.filter(({ kind }) => kind === 'Role').map(({ metadata }) => metadata.namespace),
    [NAMESPACES.storage],
  )
  const everywhere = roles.filter(({ kind }) => kind === 'ClusterRole').flatMap(({ rules = [] }) => rules)
  t.deepEqual(
    everywhere.map(({ resources, verbs }) => ({ resources, verbs })),
    [{ resources: ['nodes'], verbs: ['get', 'list', 'watch'] }],
  )
})

test('the volume is wanted as cluster.yaml has it', (t) => {
  const of = (settings: string) => rendered(settings).find(({ kind }) => kind === 'GlusterVolume')?.spec
  t.deepEqual(of(KINDS.gluster), { replicas: 5, spares: 1, replaceAfterSeconds: 1_800 })
  t.deepEqual(of('{ replicas: 3, minReplicas: 2, spares: 0, replaceAfter: 2h }'), {
    ...{ replicas: 3, minReplicas: 2 },
    ...{ spares: 0, replaceAfterSeconds: 7_200 },
  })
})
