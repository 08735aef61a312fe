import { z } from 'zod'
import { Effect } from './effect.ts'

/**
 * The status of the ControlPlaneGuard: all that is remembered from one look to the next, written whole by compare-and-swap.
 * Another program of another version may have written it, so it is not believed unread. Times are ms since 1970.
 */

/** Left out of JSON where there is none. */
const maybe = <T extends z.ZodType>(type: T) =>
  type.optional().transform((given) => given as z.output<T> | undefined)

const Heard = z.object({
  uid: z.string(),
  /** The Lease's `renewTime` as it was seen last. */
  text: z.string(),
  /** When *we* first saw that text: no clock but ours counts. */
  since: z.number(),
  /** Since when it was never silent for long. */
  steadySince: z.number(),
  bootId: z.string(),
  /** When we first saw that boot; 0 where it was there before we looked. */
  bootedSince: z.number(),
  /** For how many ms it was watched, and was silent meanwhile; both fade. */
  watched: z.number(),
  silent: z.number(),
  /** Boots that were not ours, within what was watched. */
  reboots: z.number(),
})
export type Heard = Readonly<z.infer<typeof Heard>>

export const SICKNESSES = ['MachineDead', 'KubeletDead', 'EtcdSick', 'ApiSick', 'Unclear'] as const
export type Sickness = (typeof SICKNESSES)[number]

const Sick = z.object({ as: z.enum(SICKNESSES), since: z.number() })

export const KINDS = ['Replace', 'ScaleUp', 'ScaleDown', 'StepDown', 'Neutralise', 'Tidy'] as const
export type Kind = (typeof KINDS)[number]

export const PHASES = [
  'Confirm',
  'Backup',
  'Choose',
  'Preflight',
  'Warn',
  'Drain',
  'Reboot',
  'Mint',
  'ConfirmAgain',
  'Remove',
  'Join',
  'Verify',
  'StopApi',
  'Demote',
  'CleanUp',
  'Undo',
] as const
export type Phase = (typeof PHASES)[number]

/** A PC that is to be no master any more. */
const Leaving = z.object({
  name: z.string(),
  /** Of its Node; undefined where it has none. */
  uid: maybe(z.string()),
  /** Of its etcd member; undefined where it has none. */
  member: maybe(z.string()),
  /** Why it leaves; undefined where it is well. */
  as: maybe(z.enum(SICKNESSES)),
})
export type Leaving = Readonly<z.infer<typeof Leaving>>

const Score = z.object({
  total: z.number(),
  hardware: z.number(),
  load: z.number(),
  spread: z.number(),
  history: z.number(),
})
export type Score = Readonly<z.infer<typeof Score>>

const Heir = z.object({
  name: z.string(),
  uid: z.string(),
  bootId: z.string(),
  score: Score,
  why: z.string(),
})
export type Heir = Readonly<z.infer<typeof Heir>>

const Operation = z.object({
  /** Tags all that is done for it, and is never used again. */
  id: z.string(),
  kind: z.enum(KINDS),
  phase: z.enum(PHASES),
  /** When the phase began. */
  since: z.number(),
  begun: z.number(),
  /** Masters that are to go. */
  leaving: z.array(Leaving),
  heir: maybe(Heir),
  /** Jobs of this phase that failed before. */
  tries: z.int(),
  /** From the moment when the heir is asked to join it may have a master's keys; `done`: it is a master, and stays one. */
  crowning: z.enum(['no', 'begun', 'done']),
  /** What was written down before it was done; it may or may not have happened. */
  intent: maybe(z.object({ effect: Effect, at: z.number() })),
  /** Why nothing is done just now. */
  waiting: maybe(z.string()),
  /** Why it is undone. */
  failed: maybe(z.string()),
})
export type Operation = Readonly<z.infer<typeof Operation>>

const Ended = z.object({
  id: z.string(),
  kind: z.enum(KINDS),
  begun: z.number(),
  ended: z.number(),
  leaving: z.array(z.string()),
  heir: maybe(z.string()),
  /** Undefined where it did what it was for. */
  failed: maybe(z.string()),
})

export const State = z.object({
  /** The number of the newest operation. */
  epoch: z.int(),
  /** When we looked last. */
  at: z.number(),
  heard: z.record(z.string(), Heard),
  /** By master. */
  sick: z.record(z.string(), Sick),
  /** Too much is wrong at once until then; 0 before the first storm. */
  stormUntil: z.number(),
  storm: z.string(),
  /** How many masters there ought to be, and another number that is to be so for a while before it counts. */
  size: z.object({ wanted: z.int(), next: z.int(), nextSince: z.number() }),
  operation: maybe(Operation),
  /** Why no operation is begun although one seems called for. */
  waiting: maybe(z.string()),
  /** What would be done, in the mode Suggest. */
  suggestion: maybe(z.string()),
  /** Nothing is begun before then. */
  restUntil: z.number(),
  /** Heirs that failed. */
  excluded: z.record(z.string(), z.object({ until: z.number(), why: z.string() })),
  /** PCs that were masters, or began to be, and may still have the keys of one. */
  deposed: z.array(z.string()),
  /** The newest heir that was crowned, and the set of bricks that it is of. */
  crowned: maybe(z.object({ name: z.string(), at: z.number(), set: maybe(z.int()) })),
  /** Operations in a row that failed by their heir. */
  failures: z.int(),
  halted: maybe(z.object({ since: z.number(), why: z.string() })),
  /** The newest first. */
  history: z.array(Ended),
})
export type State = Readonly<z.infer<typeof State>>

/** Of a room in which nothing was seen yet. */
export const NEW_STATE: State = {
  epoch: 0,
  at: 0,
  heard: {},
  sick: {},
  stormUntil: 0,
  storm: '',
  size: { wanted: 0, next: 0, nextSince: 0 },
  operation: undefined,
  waiting: undefined,
  suggestion: undefined,
  restUntil: 0,
  excluded: {},
  deposed: [],
  crowned: undefined,
  failures: 0,
  halted: undefined,
  history: [],
}

/** Heartbeats alone are written so often: a run that takes over may know less by so much. */
const HEARTBEATS_WRITTEN_AFTER = 20_000

/** Whether a status must be written although nothing is begun: each look would cost etcd all of it. */
export function isWorthWriting(before: State, after: State): boolean {
  const told = ({ heard: _, at: __, ...rest }: State): string => JSON.stringify(rest)
  return after.at - before.at >= HEARTBEATS_WRITTEN_AFTER || told(before) !== told(after)
}

/** What is told to whoever looks: an Event on the Guard, and on the Node that it is about. */
export interface Told {
  readonly reason: string
  readonly message: string
  readonly node: string | undefined
}
