import { CustomObjectsApi, type KubeConfig } from '@kubernetes/client-node'
import { z } from 'zod'
import { unless } from '../../cluster/answer.ts'
import { keptClient } from '../../cluster/client.ts'
import { listedObjects } from '../../cluster/custom-objects.ts'
import { listPages } from '../../cluster/pages.ts'
import {
  API_GROUP as group,
  HOME_PLACE,
  NAMESPACES,
  STORAGE_MOVE,
  API_VERSION as version,
} from '../../config/names.ts'
import { type Place, readPlace, type Side, WISHES, type Wish } from './facts.ts'

const namespace = NAMESPACES.storage
const PLACES = { group, version, namespace, plural: HOME_PLACE.plural } as const
const MOVES = { group, version, namespace, plural: STORAGE_MOVE.plural } as const
const head = { apiVersion: `${group}/${version}`, kind: HOME_PLACE.kind } as const

/** The records of where homes lie, as the API server has them; each read is as new as the last write of anybody. */
export interface PlaceRecords {
  all(): Promise<Place[]>
  /** Undefined where nobody has said yet where it lies. */
  one(name: string): Promise<Place | undefined>
  /** Says where a home lies of which nobody has said it yet; what stands is left as it is. */
  make(name: string, side: Side): Promise<void>
  /** Writes over exactly the state that was read; undefined when somebody else was faster. */
  swap(over: Place, next: Pick<Place, 'side' | 'held' | 'compared'>): Promise<Place | undefined>
  remove(over: Place): Promise<void>
  /** What the administrator wants. */
  wish(): Promise<Wish>
}

const Move = z.object({ spec: z.object({ wish: z.enum(WISHES).default('stay') }).prefault({}) })
export const readWish = (raw: unknown): Wish => Move.parse(raw).spec.wish

export function placeRecords(cluster: KubeConfig, fieldManager: string): PlaceRecords {
  const custom = keptClient(cluster, CustomObjectsApi)
  return {
    async all() {
      const { items } = await listPages(async (page) =>
        listedObjects(await custom.listNamespacedCustomObject({ ...PLACES, ...page })),
      )
      return items.map(readPlace)
    },
    async one(name) {
      const found = await unless(404, () => custom.getNamespacedCustomObject({ ...PLACES, name }))
      return found === undefined ? undefined : readPlace(found)
    },
    async make(name, side) {
      const body = { ...head, metadata: { name, namespace }, spec: { side } }
      await unless(409, () => custom.createNamespacedCustomObject({ ...PLACES, body, fieldManager }))
    },
    async swap({ name, version: resourceVersion }, { side, held, compared }) {
      const spec = {
        side,
        ...(held === undefined ? {} : { held }),
        ...(compared === undefined ? {} : { compared }),
      }
      const body = { ...head, metadata: { name, namespace, resourceVersion }, spec }
      const written = await unless(409, () =>
        custom.replaceNamespacedCustomObject({ ...PLACES, name, body, fieldManager }),
      )
      return written === undefined ? undefined : readPlace(written)
    },
    async remove({ name, version: resourceVersion }) {
      const body = { preconditions: { resourceVersion } }
      await unless(404, () => custom.deleteNamespacedCustomObject({ ...PLACES, name, body }))
    },
    async wish() {
      const found = await unless(404, () =>
        custom.getNamespacedCustomObject({ ...MOVES, name: STORAGE_MOVE.name }),
      )
      return found === undefined ? 'stay' : readWish(found)
    },
  }
}
