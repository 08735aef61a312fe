import {
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
} from '@kubernetes/client-node'
import { z } from 'zod'
import { MANAGED_BY, PART_OF } from '../../config/labels.ts'
import {
  FIELD_MANAGERS,
  API_GROUP as group,
  IDENTITIES_CONFIG_MAP,
  IDENTITY,
  NAMESPACES,
  API_VERSION as version,
} from '../../config/names.ts'
import { keptClient } from '../../lease/kept-client.ts'
import type { Digest, Published } from './observe.ts'
import type { Store } from './store.ts'

const Stored = z.object({
  metadata: z.object({ name: z.string(), uid: z.string(), generation: z.int() }),
  spec: z.object({
    login: z.string(),
    uid: z.int(),
    gid: z.int(),
    groups: z.array(z.object({ name: z.string(), gid: z.int() })).default([]),
    home: z.string(),
    shell: z.string(),
    entryUUID: z.string(),
  }),
  status: z
    .object({
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), observedGeneration: z.int().optional() }))
        .default([]),
    })
    .optional(),
})
const Page = z.object({ metadata: z.object({ continue: z.string().optional() }), items: z.array(Stored) })

const PUBLISHED = 'Published'
const plural = IDENTITY.plural
const fieldManager = FIELD_MANAGERS.identitySync
const apply = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply)
const LABELS = { [PART_OF]: 'deskfleet', [MANAGED_BY]: fieldManager }

/** The sync's cluster: Identities by server-side apply, so that nobody else's fields are touched, and the ConfigMap. */
export function clusterStore(config: KubeConfig): Store {
  const custom = keptClient(config, CustomObjectsApi)
  const core = keptClient(config, CoreV1Api)
  const whole = (slug: string, rest: object): object => ({
    apiVersion: `${group}/${version}`,
    kind: IDENTITY.kind,
    metadata: { name: slug },
    ...rest,
  })
  return {
    async list() {
      const found = new Map<string, Published>()
      let next: string | undefined
      do {
        const page = { group, version, plural, limit: 500, ...(next ? { _continue: next } : {}) }
        const { metadata, items } = Page.parse(await custom.listClusterCustomObject(page))
        for (const item of items) found.set(item.metadata.name, published(item))
        next = metadata.continue
      } while (next)
      return found
    },
    readDigest: () => readDigest(core),
    async upsert({ slug, spec }) {
      const body = whole(slug, { metadata: { name: slug, labels: LABELS }, spec })
      const request = { group, version, plural, name: slug, fieldManager, force: true, body }
      return published(Stored.parse(await custom.patchClusterCustomObject(request, apply)))
    },
    writeDigest: (lines, over) => writeDigest(core, lines, over),
    async remove({ slug, objectUid }) {
      const body = { preconditions: { uid: objectUid } }
      await custom.deleteClusterCustomObject({ group, version, plural, name: slug, body }).catch((error) => {
        if (!(error instanceof ApiException && error.code === 404)) throw readable(error)
      })
    },
    async confirm({ slug, generation }, at) {
      const request = { group, version, plural, name: slug }
      const condition = {
        type: PUBLISHED,
        status: 'True',
        reason: 'InDigest',
        message: 'Admission knows this person.',
        observedGeneration: generation,
        lastTransitionTime: `${at.toISOString().slice(0, 19)}Z`,
      }
      const body = whole(slug, { status: { conditions: [condition] } })
      const applied = { ...request, fieldManager, force: true, body }
      return published(Stored.parse(await custom.patchClusterCustomObjectStatus(applied, apply)))
    },
  }
}

function published({ metadata, spec, status }: z.infer<typeof Stored>): Published {
  const confirmed = status?.conditions.some(
    (one) =>
      one.type === PUBLISHED && one.status === 'True' && one.observedGeneration === metadata.generation,
  )
  const { name: slug, uid: objectUid, generation } = metadata
  return { slug, spec, objectUid, generation, confirmed: confirmed ?? false }
}

const where = { namespace: NAMESPACES.system, name: IDENTITIES_CONFIG_MAP }

async function readDigest(core: CoreV1Api): Promise<Digest | undefined> {
  try {
    return digestOf(await core.readNamespacedConfigMap(where))
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return undefined
    throw readable(error)
  }
}

async function writeDigest(
  core: CoreV1Api,
  data: Readonly<Record<string, string>>,
  over: string | undefined,
): Promise<Digest> {
  const { namespace, name } = where
  const metadata = {
    namespace,
    name,
    labels: LABELS,
    ...(over === undefined ? {} : { resourceVersion: over }),
  }
  const body: V1ConfigMap = { metadata, data: { ...data } }
  try {
    const written =
      over === undefined
        ? await core.createNamespacedConfigMap({ namespace, body, fieldManager })
        : await core.replaceNamespacedConfigMap({ namespace, name, body, fieldManager })
    return digestOf(written)
  } catch (error) {
    throw readable(error)
  }
}

const digestOf = ({ data, metadata }: V1ConfigMap): Digest => ({
  lines: data ?? {},
  version: metadata?.resourceVersion ?? '',
})

/** client-node's message is the whole answer, headers and all: people need the API server's own sentence. */
export function readable(error: unknown): Error {
  if (!(error instanceof ApiException)) return error instanceof Error ? error : new Error(String(error))
  const said = z.object({ message: z.string() }).safeParse(parsed(error.body))
  return new Error(
    `the API server answered ${error.code}: ${said.success ? said.data.message : 'no reason given'}`,
    {
      cause: error,
    },
  )
}

function parsed(body: unknown): unknown {
  if (typeof body !== 'string') return body
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
