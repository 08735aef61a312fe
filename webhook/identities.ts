import {
  CustomObjectsApi,
  type KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  makeInformer,
} from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { z } from 'zod'
import { keepSteady } from '../certificates/steady.ts'
import type { Identity } from '../config/identity.ts'
import {
  API_GROUP,
  API_VERSION,
  FIRST_GROUP_GID,
  FIRST_UID,
  IDENTITY,
  LAST_UID,
  LOGIN_PATTERN,
  SLUG_PATTERN,
} from '../config/names.ts'

/** Everybody the cluster knows, kept current. */
export interface Identities {
  readonly lookup: (slug: string) => Identity | undefined
  readonly size: () => number
  /** Whether a full list has come. */
  readonly ready: () => boolean
  /** When the API server last showed who is who, in ms since the epoch. */
  readonly seen: () => number | undefined
  stop(): Promise<void>
}

const person = z.number().int().min(FIRST_UID).max(LAST_UID)
const group = z.number().int().min(FIRST_GROUP_GID).max(LAST_UID)

const identitySchema = z.object({
  metadata: z.object({ name: z.string().regex(SLUG_PATTERN) }),
  spec: z.object({
    login: z.string().regex(LOGIN_PATTERN),
    uid: person,
    gid: person,
    groups: z.array(z.object({ name: z.string().min(1), gid: group })),
    home: z.string(),
    shell: z.string().startsWith('/'),
    entryUUID: z.string().min(1),
  }),
})

const pageSchema = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.custom<KubernetesObject>((item) => namedSchema.safeParse(item).success)),
})

const namedSchema = z.looseObject({ metadata: z.looseObject({ name: z.string() }) })

/** So many at a time, that a large room is read in pieces of a megabyte or so. */
const PAGE = 1_000

/**
 * Watches the Identities. An error never forgets anybody: the map changes only by a complete list or by an
 * event about one person. An Identity that cannot be read counts as nobody, and the log names it. The list is
 * read `page` people at a time.
 */
export function watchIdentities(
  kubeConfig: KubeConfig,
  log: Logger,
  now: () => number,
  page = PAGE,
): Identities {
  const people = new Map<string, Identity>()
  let seen: number | undefined
  let faulty = false
  const show = () => {
    seen = now()
    faulty = false
  }
  const list = async () => {
    const all = await listAll(kubeConfig, page)
    // The informer takes the list in before the event loop turns; then everybody is there.
    setImmediate(() => {
      show()
      log.info({ people: people.size }, 'read who is who')
    })
    return all
  }
  const informer = makeInformer(kubeConfig, `/apis/${API_GROUP}/${API_VERSION}/${IDENTITY.plural}`, list)
  informer.on('change', (raw) => {
    put(people, raw, log)
    forget(raw)
    if (seen !== undefined) show()
  })
  informer.on('delete', (raw) => {
    people.delete(raw.metadata?.name ?? '')
    if (seen !== undefined) show()
  })
  // The informer connects anew each half minute when all is quiet; without an error between, the last one held.
  informer.on('connect', () => {
    if (seen !== undefined && !faulty) seen = now()
  })
  const onError = (error: unknown) => {
    faulty = true
    log.warn({ err: error, people: people.size }, 'the watch of the Identities broke; those known stay known')
  }
  const steady = keepSteady(informer, () => !faulty, onError)
  return {
    lookup: (slug) => people.get(slug),
    size: () => people.size,
    ready: () => seen !== undefined,
    seen: () => seen,
    stop: () => steady.stop(),
  }
}

function put(people: Map<string, Identity>, raw: KubernetesObject, log: Logger): void {
  const read = identitySchema.safeParse(raw)
  if (read.success) {
    people.set(read.data.metadata.name, read.data)
    return
  }
  people.delete(raw.metadata?.name ?? '')
  log.error({ identity: raw.metadata?.name, issues: read.error.issues }, 'an Identity cannot be read')
}

/** The informer keeps what it is given, so it gets no more than it needs to tell one state from the next. */
function forget(raw: KubernetesObject): void {
  const { name, resourceVersion } = raw.metadata ?? {}
  for (const key of Object.keys(raw)) Reflect.deleteProperty(raw, key)
  raw.metadata = { ...(name ? { name } : {}), ...(resourceVersion ? { resourceVersion } : {}) }
}

/** A complete list, read page by page from one state of the cluster. */
async function listAll(
  kubeConfig: KubeConfig,
  limit: number,
): Promise<KubernetesListObject<KubernetesObject>> {
  const api = kubeConfig.makeApiClient(CustomObjectsApi)
  const kind = { group: API_GROUP, version: API_VERSION, plural: IDENTITY.plural, limit }
  const items: KubernetesObject[] = []
  let from: string | undefined
  for (;;) {
    const raw: unknown = await api.listClusterCustomObject({ ...kind, ...(from ? { _continue: from } : {}) })
    const page = pageSchema.parse(raw)
    for (const item of page.items) items.push(item)
    from = page.metadata.continue
    if (!from) return { items, metadata: { resourceVersion: page.metadata.resourceVersion } }
  }
}
