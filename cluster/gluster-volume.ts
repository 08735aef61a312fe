import type { CustomObjectsApi } from '@kubernetes/client-node'
import { z } from 'zod'
import {
  API_GROUP,
  API_VERSION,
  GLUSTER,
  GLUSTER_BRICK,
  GLUSTER_VOLUME,
  NAMESPACES,
} from '../config/names.ts'
import { unless } from './answer.ts'
import { Condition } from './conditions.ts'

/** What the agents of Gluster tell of the volume and its bricks, for those who only read it. */

const Finding = z.object({
  severity: z.enum(['trouble', 'degraded', 'short', 'working']),
  reason: z.string(),
  where: z.string(),
  what: z.string(),
  mend: z.string(),
})

const Told = z.object({
  conditions: z.array(Condition).default([]),
  copies: z.int().default(0),
  sets: z
    .array(
      z.object({
        bricks: z.array(z.object({ pc: z.string(), state: z.string(), arbiter: z.boolean().default(false) })),
        bytes: z.number(),
        free: z.number(),
        pending: z.number(),
      }),
    )
    .default([]),
  bytes: z.number().default(0),
  free: z.number().default(0),
  servers: z.array(z.string()).default([]),
  spares: z.array(z.string()).default([]),
  safeToPull: z.array(z.string()).default([]),
  findings: z.array(Finding).default([]),
})

const Volume = z
  .object({ spec: z.object({ replicas: z.int() }), status: Told.prefault({}) })
  .transform(({ spec, status }) => ({ wanted: spec.replicas, ...status }))
/** The volume as its agents tell it. Sizes are bytes, of the files that it has room for. */
export type ToldVolume = Readonly<z.infer<typeof Volume>>

/** One that the API server gave; undefined where it cannot be read. */
export const readToldVolume = (object: unknown): ToldVolume | undefined => Volume.safeParse(object).data

const Brick = z
  .object({
    metadata: z.object({ name: z.string() }),
    spec: z.object({ retiring: z.boolean().default(false) }).prefault({}),
    status: z
      .object({
        brick: z.object({ bytes: z.number(), free: z.number(), fault: z.string().optional() }).optional(),
      })
      .prefault({}),
  })
  .transform(({ metadata, spec, status }) => ({ pc: metadata.name, ...spec, ...status.brick }))
/** The brick of a PC; without sizes while its agent has said nothing. */
export type ToldBrick = Readonly<z.infer<typeof Brick>>

const OURS = { group: API_GROUP, version: API_VERSION, namespace: NAMESPACES.storage } as const
const Listed = z.object({ items: z.array(Brick) })

/** Undefined where there is no Gluster volume: storage is of another kind. */
export async function toldVolume(api: CustomObjectsApi): Promise<ToldVolume | undefined> {
  const found = await unless(404, () =>
    api.getNamespacedCustomObject({ ...OURS, plural: GLUSTER_VOLUME.plural, name: GLUSTER.volume }),
  )
  return found === undefined ? undefined : Volume.parse(found)
}

export async function toldBricks(api: CustomObjectsApi): Promise<readonly ToldBrick[]> {
  return Listed.parse(await api.listNamespacedCustomObject({ ...OURS, plural: GLUSTER_BRICK.plural })).items
}
