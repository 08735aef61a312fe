import { z } from 'zod'
import { WISHES } from '../places/facts.ts'

/** What the mover tells of the move; a summary that bears ten thousand homes. Who is where, the HomePlaces say. */
export const MoveStatus = z.object({
  /** The wish that this is about. */
  wish: z.enum(WISHES).default('stay'),
  moved: z.int().default(0),
  toGo: z.int().default(0),
  /** Whose copy is ready and whose desktop runs. */
  waiting: z.int().default(0),
  held: z.int().default(0),
  /** Everything is where it shall be, the trash too. */
  done: z.boolean().default(false),
  /** `finish` was carried out: `storage.from` may be taken out of cluster.yaml. */
  finished: z.boolean().default(false),
  /** Of the storage that homes come from, and the other: bytes in use, and free. */
  from: z.object({ used: z.number(), free: z.number() }).nullable().default(null),
  here: z.object({ used: z.number(), free: z.number() }).nullable().default(null),
  /** What is done now, and for whom. */
  now: z.array(z.object({ name: z.string(), step: z.string() })).default([]),
  troubles: z.array(z.object({ name: z.string(), why: z.string() })).default([]),
})
export type MoveStatus = Readonly<z.infer<typeof MoveStatus>>
