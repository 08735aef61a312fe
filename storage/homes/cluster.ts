import {
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1PersistentVolume,
  type V1PersistentVolumeClaim,
} from '@kubernetes/client-node'
import { z } from 'zod'
import { ENTRY_UUID, MANAGED_BY, PART_OF } from '../../config/labels.ts'
import {
  FIELD_MANAGERS,
  API_GROUP as group,
  HOME_READY,
  IDENTITY,
  NAMESPACES,
  API_VERSION as version,
} from '../../config/names.ts'
import { keptClient } from '../../lease/kept-client.ts'
import type { Problem } from '../problem.ts'
import { toldAt, type Verdict } from './decide.ts'
import type { Claim, Person, Volume } from './observe.ts'
import type { Pair } from './pair.ts'

const Stored = z.object({
  metadata: z.object({ name: z.string(), generation: z.int() }),
  spec: z.object({
    login: z.string(),
    uid: z.int(),
    gid: z.int(),
    groups: z.array(z.object({ name: z.string(), gid: z.int() })).default([]),
    entryUUID: z.string(),
  }),
  status: z
    .object({
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.string(),
            message: z.string(),
            observedGeneration: z.int().optional(),
          }),
        )
        .default([]),
    })
    .optional(),
})
const Page = z.object({ metadata: z.object({ continue: z.string().optional() }), items: z.array(Stored) })

const plural = IDENTITY.plural
const fieldManager = FIELD_MANAGERS.homes
const namespace = NAMESPACES.desktops
const LABELS = { [PART_OF]: 'deskfleet', [MANAGED_BY]: fieldManager }
const apply = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply)
const json = setHeaderOptions('Content-Type', PatchStrategy.JsonPatch)

/** The cluster, as far as storage/homes reads and writes it. */
export interface HomesCluster {
  people(): Promise<Person[]>
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
  tell(person: Person, trouble: Problem, at: Date): Promise<void>
}

export function homesCluster(config: KubeConfig): HomesCluster {
  const custom = keptClient(config, CustomObjectsApi)
  const core = keptClient(config, CoreV1Api)
  return {
    async people() {
      const found: Person[] = []
      await pages(async (more) => {
        const page = Page.parse(await custom.listClusterCustomObject({ group, version, plural, ...more }))
        found.push(...page.items.map(personOf))
        return page.metadata.continue
      })
      return found
    },
    async volumes() {
      const found = new Map<string, Volume>()
      await pages(async (more) => {
        const { items, metadata } = await core.listPersistentVolume(more)
        for (const item of items) found.set(item.metadata?.name ?? '', volumeOf(item))
        return metadata?._continue
      })
      return found
    },
    async claims() {
      const found = new Map<string, Claim>()
      await pages(async (more) => {
        const { items, metadata } = await core.listNamespacedPersistentVolumeClaim({ namespace, ...more })
        for (const item of items) found.set(item.metadata?.name ?? '', claimOf(item))
        return metadata?._continue
      })
      return found
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
      await core.patchPersistentVolume({ name, body: version, fieldManager }, json).catch((error) => {
        if (!(error instanceof ApiException && error.code === 422)) throw error
      })
    },
    removeClaim: (name, uid) =>
      unlessGone(
        core.deleteNamespacedPersistentVolumeClaim({ namespace, name, body: { preconditions: { uid } } }),
      ),
    removeVolume: (name) => unlessGone(core.deletePersistentVolume({ name })),
    async say({ person, problem }, at) {
      const condition = {
        type: HOME_READY,
        status: problem ? 'False' : 'True',
        reason: problem?.reason ?? 'Ready',
        message: problem?.message ?? 'The home is there, and its volume is bound.',
        observedGeneration: person.generation,
        lastTransitionTime: `${at.toISOString().slice(0, 19)}Z`,
      }
      const body = {
        apiVersion: `${group}/${version}`,
        kind: IDENTITY.kind,
        metadata: { name: person.slug },
        status: { conditions: [condition] },
      }
      const request = { group, version, plural, name: person.slug, fieldManager, force: true, body }
      await custom.patchClusterCustomObjectStatus(request, apply)
    },
    async tell({ slug }, { reason, message }, at) {
      const { name } = toldAt(slug)
      const source = { component: fieldManager }
      const body = {
        metadata: { generateName: `${name}.`, namespace },
        involvedObject: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name },
        type: 'Warning',
        reason,
        message: message.slice(0, 1_000),
        source,
        reportingComponent: fieldManager,
        firstTimestamp: at,
        lastTimestamp: at,
        count: 1,
      }
      await core.createNamespacedEvent({ namespace, body })
    },
  }
}

async function pages(
  read: (more: { limit: number; _continue?: string }) => Promise<string | undefined>,
): Promise<void> {
  let next: string | undefined
  do next = await read({ limit: 500, ...(next ? { _continue: next } : {}) })
  while (next)
}

async function unlessGone(answer: Promise<unknown>): Promise<void> {
  await answer.catch((error) => {
    if (!(error instanceof ApiException && error.code === 404)) throw error
  })
}

function personOf({ metadata, spec, status }: z.infer<typeof Stored>): Person {
  const said = status?.conditions.find((one) => one.type === HOME_READY)
  return {
    slug: metadata.name,
    login: spec.login,
    uid: spec.uid,
    gid: spec.gid,
    entryUUID: spec.entryUUID.toLowerCase(),
    groups: spec.groups,
    generation: metadata.generation,
    condition: said && {
      ready: said.status === 'True',
      reason: said.reason,
      message: said.message,
      generation: said.observedGeneration,
    },
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
