import type { KubernetesObject } from '@kubernetes/client-node'
import { CustomObjectsApi, type KubeConfig, type KubernetesListObject } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Identity } from '../config/identity.ts'
import {
  API_GROUP,
  API_VERSION,
  FIRST_GROUP_GID,
  FIRST_UID,
  HOME_READY,
  IDENTITY,
  KERNEL_NUMBERS,
  LAST_UID,
  LOGIN_PATTERN,
  PASSWORD_SET_PATTERN,
  PUBLISHED,
  SLUG_PATTERN,
} from '../config/names.ts'
import type { Clock } from '../service/clock.ts'
import { pauses } from '../service/steps.ts'
import { unless } from './answer.ts'
import { keptClient } from './client.ts'
import { Condition } from './conditions.ts'
import { listedObjects } from './custom-objects.ts'
import { listPages, type Page } from './pages.ts'
import { type Watched, watch } from './watch.ts'

/** Somebody whom the cluster knows: an Identity, read and checked. */
export interface KnownIdentity extends Identity {
  /** The object's own uid, so that only this very object is removed. */
  readonly objectUid: string
  /** The API server's count of changes to the spec. */
  readonly generation: number
  readonly conditions: readonly Condition[]
}

/** An Identity that cannot be read counts as nobody. */
export interface UnreadableIdentity {
  readonly name: string
  /** What is wrong with it, by field. */
  readonly faults: readonly string[]
}

const number = (from: number) =>
  z
    .int()
    .min(from)
    .max(LAST_UID)
    .refine((given) => !KERNEL_NUMBERS.includes(given), 'is the kernel\'s own "nobody"')

/** The definition's own rules once more: what is read here becomes uids, paths and environments. */
const Stored = z.object({
  metadata: z.object({
    name: z.string().regex(SLUG_PATTERN),
    uid: z.string().default(''),
    generation: z.int().default(0),
  }),
  spec: z.object({
    login: z
      .string()
      .regex(LOGIN_PATTERN)
      .refine((login) => login !== '.' && login !== '..', 'names no directory of its own'),
    uid: number(FIRST_UID),
    gid: number(FIRST_UID),
    groups: z.array(z.object({ name: z.string().min(1), gid: number(FIRST_GROUP_GID) })),
    home: z.string(),
    shell: z.string().startsWith('/'),
    entryUUID: z.string().min(1),
    passwordSet: z.string().regex(PASSWORD_SET_PATTERN).exactOptional(),
    locked: z.literal(true).exactOptional(),
  }),
  status: z.object({ conditions: z.array(Condition).default([]) }).optional(),
})

/** The one reader of Identities. */
export function readIdentity(raw: unknown): KnownIdentity | UnreadableIdentity {
  const read = Stored.safeParse(raw)
  if (!read.success) {
    const faults = read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    return { name: nameOf(raw), faults }
  }
  const { metadata, spec, status } = read.data
  const { name, uid: objectUid, generation } = metadata
  return { metadata: { name }, spec, objectUid, generation, conditions: status?.conditions ?? [] }
}

export const isReadable = (identity: KnownIdentity | UnreadableIdentity): identity is KnownIdentity =>
  'spec' in identity

const Named = z.object({ metadata: z.object({ name: z.string() }) })
const nameOf = (raw: unknown): string => Named.safeParse(raw).data?.metadata.name ?? '(without a name)'

export const conditionOf = (
  { conditions }: Pick<KnownIdentity, 'conditions'>,
  type: string,
): Condition | undefined => conditions.find((one) => one.type === type)

/** Whether admission knows this person, so that a pod of theirs would be taken. */
export const isPublished = (identity: Pick<KnownIdentity, 'conditions'>): boolean =>
  conditionOf(identity, PUBLISHED)?.status === 'True'

/** The reason of HomeReady while a home is brought from one storage to another. */
export const HOME_MOVES = 'Moving'

/** What storage said of the person's home; `unknown` in a room whose storage says nothing. */
export function homeState(
  identity: Pick<KnownIdentity, 'conditions'>,
): 'ready' | 'moving' | 'missing' | 'unknown' {
  const condition = conditionOf(identity, HOME_READY)
  if (!condition || condition.status === 'Unknown') return 'unknown'
  if (condition.status === 'True') return 'ready'
  return condition.reason === HOME_MOVES ? 'moving' : 'missing'
}

const KIND = { group: API_GROUP, version: API_VERSION, plural: IDENTITY.plural } as const

async function listIdentities(
  api: CustomObjectsApi,
  page: Page,
): Promise<KubernetesListObject<KubernetesObject>> {
  return listedObjects(await api.listClusterCustomObject({ ...KIND, ...page }))
}

/** Told of each Identity that cannot be read. */
export type OnUnreadable = (unreadable: UnreadableIdentity) => void

export const logUnreadable =
  (log: Logger): OnUnreadable =>
  ({ name, faults }) =>
    log.error(
      { identity: name, faults },
      `the Identity ${name} cannot be read and counts as nobody: ` +
        `remove it with "kubectl delete identity ${name}"; the identity sync makes it anew`,
    )

/** Everybody, as the cluster has them now. Needs `list`. */
export async function allIdentities(
  api: CustomObjectsApi,
  unreadable: OnUnreadable,
): Promise<KnownIdentity[]> {
  const all: KnownIdentity[] = []
  const pause = pauses()
  await listPages(async (page) => {
    const list = await listIdentities(api, page)
    for (const item of list.items) {
      const read = readIdentity(item)
      if (isReadable(read)) all.push(read)
      else unreadable(read)
      await pause()
    }
    // What was read is not kept twice.
    return { ...list, items: [] }
  })
  return all
}

/** One person; undefined when there is none, or their Identity cannot be read. Needs `get`. */
export async function oneIdentity(
  api: CustomObjectsApi,
  name: string,
  unreadable: OnUnreadable,
): Promise<KnownIdentity | undefined> {
  const found = await unless(404, () => api.getClusterCustomObject({ ...KIND, name }))
  if (found === undefined) return undefined
  const read = readIdentity(found)
  if (isReadable(read)) return read
  unreadable(read)
  return undefined
}

/** Everybody, kept current and parsed once per change; `keep` takes what is needed of each. Needs `list` and `watch`. */
export function watchIdentities<T>(
  config: KubeConfig,
  log: Logger,
  keep: (identity: KnownIdentity) => T,
  options: { readonly clock?: Clock; readonly page?: number } = {},
): Watched<T> {
  const api = keptClient(config, CustomObjectsApi)
  const unreadable = logUnreadable(log)
  const path = `/apis/${API_GROUP}/${API_VERSION}/${IDENTITY.plural}`
  const kept = (raw: KubernetesObject): T | undefined => {
    const read = readIdentity(raw)
    if (isReadable(read)) return keep(read)
    unreadable(read)
    return undefined
  }
  return watch(config, { ...options, path, list: (page) => listIdentities(api, page), keep: kept }, log)
}
