import { z } from 'zod'
import { UUID_PATTERN } from '../../config/home-marker.ts'

/** Of two storages: the one that homes are moved away from, and the one that the room has beside it. */
export type Side = 'from' | 'here'

export const otherSide = (side: Side): Side => (side === 'from' ? 'here' : 'from')

/** The record of the folder that everybody shares; those of homes are named by entryUUID. */
export const SHARED = 'shared'

const side = z.enum(['from', 'here'])
const Held = z.object({
  /** Where it lay when it was taken hold of: another side than where it lies says that it was switched. */
  side,
  /** Whose the directory was, and is again. */
  uid: z.int().min(0),
  gid: z.int().min(0),
  /** It was given up: from now on it is only given back. */
  back: z.literal(true).optional(),
})
export type Held = Readonly<z.infer<typeof Held>>

const Stored = z
  .object({
    metadata: z.object({
      name: z.string().refine((name) => name === SHARED || UUID_PATTERN.test(name)),
      resourceVersion: z.string(),
    }),
    spec: z.object({
      side,
      held: Held.optional(),
      /** Begin of the comparison of every byte with the copy on the other side, in seconds by the clock of its storage. */
      compared: z.number().optional(),
    }),
  })
  .transform(({ metadata: { name, resourceVersion: version }, spec }) => ({ name, version, ...spec }))

/** Where one home lies, and whether it is being moved this moment. */
export type Place = Readonly<z.infer<typeof Stored>>

/** @throws when it is none that this program understands: of such a home nobody knows where it lies. */
export const readPlace = (raw: unknown): Place => Stored.parse(raw)

/** What an administrator wants: homes stay where they are, go over, go back; or the move is over. */
export const WISHES = ['stay', 'over', 'back', 'finish'] as const
export type Wish = (typeof WISHES)[number]

/** The side on which homes shall lie, and new ones are made. */
export const wantedSide = (wish: Wish, place: Side): Side =>
  wish === 'stay' ? place : wish === 'back' ? 'from' : 'here'
