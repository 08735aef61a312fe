import { z } from 'zod'
import { PC_PATTERN } from '../../../config/names.ts'
import type { SetBrick } from '../../usage/who.ts'
import type { Brick, BrickPlace, Change, Fenced, Intent, Memory, Options } from '../plan/facts.ts'

/**
 * GlusterVolume and GlusterBrick as the agents need them, the memory included; who only shows them reads
 * cluster/gluster-volume.ts. What another PC wrote is not believed unread.
 */

const pc = z.string().regex(PC_PATTERN)
const place: z.ZodType<BrickPlace> = z.object({
  pc,
  path: z.string().regex(/^(\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/),
})
const bricks = z.array(place)
const options: z.ZodType<Options> = z.record(z.string(), z.string())
const width = z.int().min(1).max(7)
const arbiters = z.int().min(0).max(1)
/** Left out of JSON where it is not known. */
const maybe = <T extends z.ZodType>(type: T) =>
  type.optional().transform((given) => given as z.output<T> | undefined)

const change: z.ZodType<Change, unknown> = z.discriminatedUnion('change', [
  z.object({ change: z.literal('fence'), pc, allowed: z.string() }),
  z.object({ change: z.literal('unfence'), pc }),
  z.object({ change: z.literal('wipe'), pc }),
  z.object({ change: z.literal('probe'), pc }),
  z.object({ change: z.literal('detach'), pc }),
  z.object({ change: z.literal('create'), width, arbiters, bricks, options }),
  z.object({ change: z.literal('start'), force: z.boolean() }),
  z.object({ change: z.literal('options'), options }),
  z.object({ change: z.literal('replace'), from: place, to: place }),
  z.object({ change: z.literal('reset'), brick: place, id: z.string() }),
  z.object({ change: z.literal('raise'), width, arbiters, bricks }),
  z.object({ change: z.literal('lower'), width, bricks }),
  z.object({ change: z.literal('add-set'), bricks }),
  z.object({ change: z.literal('rebalance'), sets: z.int(), former: maybe(z.string()) }),
  z.object({ change: z.literal('stop-rebalance'), id: z.string() }),
  z.object({ change: z.literal('touch-root') }),
  z.object({ change: z.literal('heal') }),
])

const fenced: z.ZodType<Fenced, unknown> = z.object({
  pc,
  uuid: maybe(z.string()),
  brickId: maybe(z.string()),
  since: z.number(),
  mayWipe: z.boolean(),
})

const intent: z.ZodType<Intent, unknown> = z.object({
  change,
  since: z.number(),
  answer: maybe(z.union([z.literal('accepted'), z.object({ refused: z.string() })])),
})

const memory: z.ZodType<Memory, unknown> = z.object({
  epoch: z.int(),
  fenced: z.array(fenced),
  missing: z.record(pc, z.number()),
  members: z.record(pc, z.string()),
  whole: z.array(pc),
  mayEmpty: z.record(pc, z.string()),
  intent: maybe(intent),
  balanced: z.int(),
  spreading: maybe(z.object({ id: z.string(), sets: z.int() })),
  healAsked: z.number(),
  alone: z.array(pc).default([]),
})

/** Of a room in which nothing has happened yet. */
export const NEW_MEMORY: Memory = {
  epoch: 1,
  fenced: [],
  missing: {},
  members: {},
  whole: [],
  mayEmpty: {},
  intent: undefined,
  balanced: 0,
  spreading: undefined,
  healAsked: 0,
  alone: [],
}

const StoredVolume = z.object({
  metadata: z.object({
    name: z.string(),
    resourceVersion: z.string(),
    generation: z.int().default(0),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  spec: z.object({
    replicas: z.int().min(1).max(7),
    minReplicas: maybe(z.int().min(1).max(7)),
    spares: z.int().min(0),
    replaceAfterSeconds: z.int().min(0),
  }),
  status: z.looseObject({ memory: memory.optional() }).optional(),
})
export type StoredVolume = Readonly<z.infer<typeof StoredVolume>>

/** @throws with every fault, when it is none that this program understands: nothing is done then */
export const readVolume = (object: unknown): StoredVolume => StoredVolume.parse(object)

const Sets = z.object({
  sets: z.array(
    z.object({
      bricks: z.array(
        z.object({
          pc,
          state: z.string().default('unknown'),
          arbiter: z.boolean().default(false),
          port: z.int().min(1).max(65_535).optional(),
        }),
      ),
    }),
  ),
})

/** The bricks of each set, as the leader told of them last; none where it told of none. */
export const setsIn = ({ status }: StoredVolume): readonly (readonly SetBrick[])[] =>
  (Sets.safeParse(status).data?.sets ?? []).map(({ bricks }) => bricks)

/** The other one of two bricks without an arbiter. */
export interface Other {
  readonly pc: string
  /** Undefined where it was not seen to listen when the leader looked last. */
  readonly port: number | undefined
}

/** Who shares a set of two with that PC; undefined where its set is another one. */
export function otherOfTwo({ status }: StoredVolume, me: string): Other | undefined {
  const set = Sets.safeParse(status).data?.sets.find(({ bricks }) => bricks.some((one) => one.pc === me))
  const other = set?.bricks.find((one) => one.pc !== me)
  if (set?.bricks.length !== 2 || set.bricks.some(({ arbiter }) => arbiter)) return undefined
  return other && { pc: other.pc, port: other.port }
}

export const memoryOf = ({ status }: StoredVolume): Memory => status?.memory ?? NEW_MEMORY

const FAULTS = ['not-mounted', 'not-xfs', 'wrong-id', 'failing'] as const

const brick: z.ZodType<Brick, unknown> = z.object({
  id: z.string(),
  path: z.string(),
  bytes: z.number().min(0),
  free: z.number().min(0),
  holds: z.string(),
  fault: maybe(z.enum(FAULTS)),
})

const StoredBrick = z.object({
  metadata: z.object({ name: pc, resourceVersion: z.string() }),
  spec: z.object({ retiring: z.boolean().default(false) }).prefault({}),
  status: z
    .object({
      brick: brick.optional(),
      uuid: z.string().optional(),
      epoch: z.int().default(0),
    })
    .prefault({}),
})
export type StoredBrick = Readonly<z.infer<typeof StoredBrick>>

/** Undefined where it cannot be read: that PC has said nothing then. */
export const readBrick = (object: unknown): StoredBrick | undefined => StoredBrick.safeParse(object).data
