import {
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
} from '@kubernetes/client-node'
import { unless } from '../../cluster/answer.ts'
import { keptClient } from '../../cluster/client.ts'
import { conditionOver } from '../../cluster/conditions.ts'
import {
  allIdentities,
  conditionOf,
  isReadable,
  type KnownIdentity,
  type OnUnreadable,
  readIdentity,
} from '../../cluster/identities.ts'
import { writeCondition } from '../../cluster/write-condition.ts'
import { MANAGED_BY, PART_OF } from '../../config/labels.ts'
import {
  DIRECTORY_CHECKED,
  FIELD_MANAGERS,
  API_GROUP as group,
  IDENTITIES_CONFIG_MAP,
  IDENTITY,
  NAMESPACES,
  PUBLISHED,
  API_VERSION as version,
} from '../../config/names.ts'
import type { Digest, Published } from './facts.ts'
import type { Store } from './store.ts'

const fieldManager = FIELD_MANAGERS.identitySync
const apply = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply)
const METADATA = setHeaderOptions('Accept', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1')
const LABELS = { [PART_OF]: 'deskfleet', [MANAGED_BY]: fieldManager }
const KNOWN = { status: 'True', reason: 'InDigest', message: 'Admission knows this person.' } as const
const LOCKED = {
  status: 'False',
  reason: 'Locked',
  message: 'An administrator locked the account; "npx deskfleet people unlock" opens it again.',
} as const
const KIND = { group, version, plural: IDENTITY.plural } as const

/** The sync's cluster: Identities by server-side apply, so that nobody else's fields are touched, and the ConfigMap. */
export function clusterStore(cluster: KubeConfig, unreadable: OnUnreadable): Store {
  const custom = keptClient(cluster, CustomObjectsApi)
  const core = keptClient(cluster, CoreV1Api)
  return {
    async list() {
      const all = await allIdentities(custom, unreadable)
      return new Map(all.map((one) => [one.metadata.name, publishedOf(one)]))
    },
    readDigest: (known) => readDigest(core, known),
    async upsert({ slug, spec }) {
      const body = {
        apiVersion: `${group}/${version}`,
        kind: IDENTITY.kind,
        metadata: { name: slug, labels: LABELS },
        spec,
      }
      const request = { ...KIND, name: slug, fieldManager, force: true, body }
      return asWritten(await custom.patchClusterCustomObject(request, apply))
    },
    writeDigest: (lines, over) => writeDigest(core, lines, over),
    async remove({ slug, objectUid }) {
      const body = { preconditions: { uid: objectUid } }
      await unless(404, () => custom.deleteClusterCustomObject({ ...KIND, name: slug, body }))
    },
    async tellChecked(at) {
      const { configMap: name, key } = DIRECTORY_CHECKED
      const { namespace } = where
      const body = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace, labels: LABELS },
        data: { [key]: at.toISOString() },
      }
      await core.patchNamespacedConfigMap({ name, namespace, fieldManager, force: true, body }, apply)
    },
    async confirm({ slug, spec, generation, condition: before }, at) {
      const finding = { type: PUBLISHED, ...(spec.locked ? LOCKED : KNOWN), generation }
      const of = { ...KIND, kind: IDENTITY.kind, name: slug, fieldManager }
      return asWritten(await writeCondition(custom, of, conditionOver(before, finding, at)))
    },
  }
}

function publishedOf(identity: KnownIdentity): Published {
  const { metadata, spec, objectUid, generation } = identity
  return { slug: metadata.name, spec, objectUid, generation, condition: conditionOf(identity, PUBLISHED) }
}

/** What the API server made of our own writing: if that cannot be read, the definition and this program differ. */
function asWritten(answer: unknown): Published {
  const read = readIdentity(answer)
  if (isReadable(read)) return publishedOf(read)
  throw new Error(`the Identity ${read.name} came back unreadable: ${read.faults.join('; ')}`)
}

const where = { namespace: NAMESPACES.system, name: IDENTITIES_CONFIG_MAP }

/** Of ten thousand people it has 700 kB, which are asked for every few seconds: first whether there is anything new. */
async function readDigest(core: CoreV1Api, known: Digest | undefined): Promise<Digest | undefined> {
  if (known) {
    const now = await unless(404, () => core.readNamespacedConfigMap(where, METADATA))
    if (now?.metadata?.resourceVersion === known.version) return known
  }
  const found = await unless(404, () => core.readNamespacedConfigMap(where))
  return found && digestOf(found)
}

async function writeDigest(
  core: CoreV1Api,
  data: Readonly<Record<string, string>>,
  over: string | undefined,
): Promise<Digest> {
  const { namespace, name } = where
  const replaced = over === undefined ? {} : { resourceVersion: over }
  const body: V1ConfigMap = { metadata: { namespace, name, labels: LABELS, ...replaced }, data: { ...data } }
  return digestOf(
    over === undefined
      ? await core.createNamespacedConfigMap({ namespace, body, fieldManager })
      : await core.replaceNamespacedConfigMap({ namespace, name, body, fieldManager }),
  )
}

const digestOf = ({ data, metadata }: V1ConfigMap): Digest => ({
  lines: data ?? {},
  version: metadata?.resourceVersion ?? '',
})
