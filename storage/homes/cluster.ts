import {
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1PersistentVolume,
  type V1PersistentVolumeClaim,
} from '@kubernetes/client-node'
import { unless } from '../../cluster/answer.ts'
import { keptClient } from '../../cluster/client.ts'
import { conditionOver } from '../../cluster/conditions.ts'
import {
  allIdentities,
  conditionOf,
  type KnownIdentity,
  type OnUnreadable,
} from '../../cluster/identities.ts'
import { listPages } from '../../cluster/pages.ts'
import { writeCondition } from '../../cluster/write-condition.ts'
import { ENTRY_UUID, MANAGED_BY, PART_OF } from '../../config/labels.ts'
import {
  FIELD_MANAGERS,
  API_GROUP as group,
  HOME_READY,
  IDENTITY,
  NAMESPACES,
  API_VERSION as version,
} from '../../config/names.ts'
import type { Claim, HomeOwner, Volume } from './facts.ts'
import type { Pair } from './pair.ts'
import { homeReady, type Verdict } from './verdict.ts'

const fieldManager = FIELD_MANAGERS.homes
const namespace = NAMESPACES.desktops
const LABELS = { [PART_OF]: 'deskfleet', [MANAGED_BY]: fieldManager }
const json = setHeaderOptions('Content-Type', PatchStrategy.JsonPatch)

/** The cluster, as far as storage/homes reads and writes it. */
export interface HomesCluster {
  people(): Promise<HomeOwner[]>
  volumes(): Promise<Map<string, Volume>>
  claims(): Promise<Map<string, Claim>>
  makeVolume(pair: Pair, claimUid: string | undefined): Promise<void>
  makeClaim(pair: Pair): Promise<void>
  /** Makes the volume forget this claim, and no other. */
  release(volume: string, claimUid: string): Promise<void>
  removeClaim(name: string, uid: string): Promise<void>
  removeVolume(name: string): Promise<void>
  /** Sets the condition HomeReady, and no other. */
  say(verdict: Verdict, at: Date): Promise<void>
}

export function homesCluster(cluster: KubeConfig, unreadable: OnUnreadable): HomesCluster {
  const custom = keptClient(cluster, CustomObjectsApi)
  const core = keptClient(cluster, CoreV1Api)
  return {
    people: async () => (await allIdentities(custom, unreadable)).map(ownerOf),
    async volumes() {
      const { items } = await listPages((page) => core.listPersistentVolume(page))
      return new Map(items.map((item) => [item.metadata?.name ?? '', volumeOf(item)]))
    },
    async claims() {
      const { items } = await listPages((page) =>
        core.listNamespacedPersistentVolumeClaim({ namespace, ...page }),
      )
      return new Map(items.map((item) => [item.metadata?.name ?? '', claimOf(item)]))
    },
    async makeVolume(pair, uid) {
      const claimRef = {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace,
        name: pair.claim,
        ...(uid === undefined ? {} : { uid }),
      }
      const body: V1PersistentVolume = {
        metadata: {
          name: pair.volume,
          labels: LABELS,
          ...(pair.entryUUID ? { annotations: { [ENTRY_UUID]: pair.entryUUID } } : {}),
        },
        spec: {
          // A hostPath has no size of its own; the field must hold something.
          capacity: { storage: '1Gi' },
          accessModes: ['ReadWriteMany'],
          persistentVolumeReclaimPolicy: 'Retain',
          storageClassName: '',
          volumeMode: 'Filesystem',
          claimRef,
          // The directory is on a PC only once the home is mounted there: till then the kubelet waits.
          hostPath: { path: pair.path, type: 'Directory' },
        },
      }
      await core.createPersistentVolume({ body, fieldManager })
    },
    async makeClaim(pair) {
      const body: V1PersistentVolumeClaim = {
        metadata: { name: pair.claim, namespace, labels: LABELS },
        spec: {
          accessModes: ['ReadWriteMany'],
          storageClassName: '',
          volumeName: pair.volume,
          resources: { requests: { storage: '1Gi' } },
        },
      }
      await core.createNamespacedPersistentVolumeClaim({ namespace, body, fieldManager })
    },
    async release(name, claimUid) {
      const body = [
        { op: 'test', path: '/spec/claimRef/uid', value: claimUid },
        { op: 'remove', path: '/spec/claimRef/uid' },
      ]
      await core.patchPersistentVolume({ name, body, fieldManager }, json)
      const version = [{ op: 'remove', path: '/spec/claimRef/resourceVersion' }]
      await unless(422, () => core.patchPersistentVolume({ name, body: version, fieldManager }, json))
    },
    async removeClaim(name, uid) {
      const body = { preconditions: { uid } }
      await unless(404, () => core.deleteNamespacedPersistentVolumeClaim({ namespace, name, body }))
    },
    async removeVolume(name) {
      await unless(404, () => core.deletePersistentVolume({ name }))
    },
    async say(verdict, at) {
      const { slug: name, condition: before } = verdict.person
      const of = { group, version, plural: IDENTITY.plural, kind: IDENTITY.kind, name, fieldManager }
      await writeCondition(custom, of, conditionOver(before, homeReady(verdict), at))
    },
  }
}

const ownerOf = (identity: KnownIdentity): HomeOwner => {
  const { metadata, spec, generation } = identity
  return {
    slug: metadata.name,
    login: spec.login,
    uid: spec.uid,
    gid: spec.gid,
    entryUUID: spec.entryUUID.toLowerCase(),
    groups: spec.groups,
    generation,
    condition: conditionOf(identity, HOME_READY),
  }
}

const volumeOf = ({ metadata, spec }: V1PersistentVolume): Volume => ({
  name: metadata?.name ?? '',
  ours: metadata?.labels?.[MANAGED_BY] === fieldManager,
  path: spec?.hostPath?.path,
  claim: spec?.claimRef && `${spec.claimRef.namespace}/${spec.claimRef.name}`,
  claimUid: spec?.claimRef?.uid,
  retained: spec?.persistentVolumeReclaimPolicy === 'Retain',
  entryUUID: metadata?.annotations?.[ENTRY_UUID] ?? '',
})

const claimOf = ({ metadata, spec, status }: V1PersistentVolumeClaim): Claim => ({
  name: metadata?.name ?? '',
  uid: metadata?.uid ?? '',
  volume: spec?.volumeName,
  bound: status?.phase === 'Bound',
  leaving: metadata?.deletionTimestamp !== undefined,
})
