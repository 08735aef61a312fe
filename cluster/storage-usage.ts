import {
  CustomObjectsApi,
  type KubeConfig,
  type KubernetesObject,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { z } from 'zod'
import { API_GROUP as group, NAMESPACES, STORAGE_USAGE, API_VERSION as version } from '../config/names.ts'
import { unless } from './answer.ts'
import { keptClient } from './client.ts'
import { listedObjects } from './custom-objects.ts'
import { listPages } from './pages.ts'
import { type Watched, watch } from './watch.ts'

/** What homes take up, as it was measured, and where it is kept: a summary for each set of disks, and sixteen parts of it by person. */

/** Bytes on the disk, and files; hard links are counted once. */
const Amount = z.object({ bytes: z.number().min(0), files: z.number().min(0) })
export type Amount = Readonly<z.infer<typeof Amount>>

const Summary = z.object({
  is: z.literal('set'),
  /** From 1; the only one where storage is no Gluster volume. */
  set: z.int().min(1),
  /** When the walk over the disk ended, RFC 3339. */
  measured: z.string(),
  /** The PC whose disk it was; left out where storage is one directory. */
  pc: z.string().optional(),
  homes: Amount,
  shared: Amount,
  trash: Amount,
  other: Amount,
  /** Folders and files that could not be looked at. */
  unread: z.int().min(0).default(0),
  /** The list of the names of its files, where one is kept: of how many files and homes, and of when. Never a name. */
  index: z.object({ at: z.string(), files: z.number(), homes: z.number() }).optional(),
})

const Part = z.object({
  is: z.literal('part'),
  set: z.int().min(1),
  /** By entryUUID. */
  homes: z.record(z.string(), Amount),
})

/** How much room there is, where storage is no Gluster volume. */
const Room = z.object({
  is: z.literal('room'),
  bytes: z.number().min(0),
  free: z.number().min(0),
  /** So little is left that it is time to do something. */
  tight: z.boolean(),
})

const Record = z.discriminatedUnion('is', [Summary, Part, Room])
export type UsageSummary = Readonly<z.infer<typeof Summary>>
export type UsagePart = Readonly<z.infer<typeof Part>>
export type UsageRoom = Readonly<z.infer<typeof Room>>
export type UsageRecord = UsageSummary | UsagePart | UsageRoom

const Stored = z
  .object({
    metadata: z.object({ name: z.string(), resourceVersion: z.string().default('') }),
    record: Record,
  })
  .transform(({ metadata, record }) => ({ ...metadata, record }))
export type StoredUsage = Readonly<z.infer<typeof Stored>>

const KIND = { group, version, namespace: NAMESPACES.storage, plural: STORAGE_USAGE.plural } as const

/** One object; undefined where it cannot be read. */
export const readUsage = (object: unknown): StoredUsage | undefined => Stored.safeParse(object).data

/** All that was measured. Needs `list`. */
export async function allUsage(api: CustomObjectsApi): Promise<StoredUsage[]> {
  const { items } = await listPages(async (page) =>
    listedObjects(await api.listNamespacedCustomObject({ ...KIND, ...page })),
  )
  return items.flatMap((item) => readUsage(item) ?? [])
}

/** The same, kept current. Needs `list` and `watch`. */
export const watchUsage = (config: KubeConfig, log: Logger): Watched<UsageRecord> => {
  const api = keptClient(config, CustomObjectsApi)
  return watch(
    config,
    {
      path: `/apis/${group}/${version}/namespaces/${KIND.namespace}/${KIND.plural}`,
      list: async (page) => listedObjects(await api.listNamespacedCustomObject({ ...KIND, ...page })),
      keep: (object: KubernetesObject) => readUsage(object)?.record,
    },
    log,
  )
}

/** Where it is written. */
export interface UsageStore {
  all(): Promise<readonly StoredUsage[]>
  /** Writes an object whole, whoever wrote it before: a later measure counts. */
  write(name: string, record: UsageRecord): Promise<void>
  /** One that is not there is no failure. */
  remove(name: string): Promise<void>
}

export function usageStore(config: KubeConfig, fieldManager: string): UsageStore {
  const api = keptClient(config, CustomObjectsApi)
  const head = { apiVersion: `${group}/${version}`, kind: STORAGE_USAGE.kind }
  const replacing = setHeaderOptions('Content-Type', PatchStrategy.JsonPatch)
  return {
    all: () => allUsage(api),
    async remove(name) {
      await unless(404, () => api.deleteNamespacedCustomObject({ ...KIND, name }))
    },
    async write(name, record) {
      // A merge would keep homes that are gone: the record is replaced as one value.
      const body = [{ op: 'replace', path: '/record', value: record }]
      const there = await unless(404, () =>
        api.patchNamespacedCustomObject({ ...KIND, name, body, fieldManager }, replacing),
      )
      if (there !== undefined) return
      const made = { ...head, metadata: { name, namespace: KIND.namespace }, record }
      await api.createNamespacedCustomObject({ ...KIND, body: made, fieldManager })
    },
  }
}
