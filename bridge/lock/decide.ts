import { STALL } from '../../config/stall.ts'

/**
 * The generation lock of a home, as decisions: at most one pod has the home at a time. The lock is one file, whose name
 * is its generation; a pod claims it by renaming it to a higher one, which one pod alone can do. It raises a heartbeat
 * in it; who waits watches whether that changes, by their own monotonic clock, so that no two PCs need to agree on the
 * time. Milliseconds throughout.
 */

/** One generation, as its file says it. */
export interface Generation {
  /** From the name of the file, so known even where the text is damaged. */
  readonly generation: number
  /** The pod's uid; '' where the text is damaged, or is of an earlier generation. */
  readonly pod: string
  /** Whether its pod ended in peace. */
  readonly free: boolean
  /** The whole text: when it changes, its pod lives. */
  readonly text: string
}

/**
 * The rules of time. A holder is gone `giveUp` after it *began* its last good write; a waiter takes over when it has
 * seen the same text for `takeOver`. The difference is for ending the session and for what a network file system may
 * show too late.
 */
export interface Rules {
  readonly beat: number
  readonly giveUp: number
  readonly takeOver: number
}

export const RULES: Rules = { beat: 5_000, giveUp: STALL.lockGivenUp, takeOver: STALL.lockTaken }

/** What a waiter has watched so far: a text, and since when it has not changed. */
export interface Watch {
  readonly generation: number
  readonly text: string
  /** End of the reading that showed it first. */
  readonly since: number
}

export type Turn =
  /** There is no lock: lay one out, then look again. */
  | { readonly step: 'lay' }
  /** Claim the generation after this one. */
  | { readonly step: 'take'; readonly from: number }
  /** Look again; `left` says after how long the lock falls if nothing changes. */
  | { readonly step: 'wait'; readonly watch: Watch; readonly left: number }

/** A generation is a count, followed by this many values of chance: of two claims at once no two have the same name. */
export const CHANCE = 1_000_000_000
/** Numbers above are not exact. */
const MOST = Math.floor(Number.MAX_SAFE_INTEGER / CHANCE) - 1

/** How often the home has been claimed. */
export const countOf = (generation: number): number => Math.floor(generation / CHANCE)

/**
 * The generation after one.
 *
 * @param chance a whole number below CHANCE, new for every claim
 * @throws when somebody has written a number there that leaves no room above.
 */
export function after(generation: number, chance: number): number {
  if (countOf(generation) >= MOST)
    throw new Error(`${generation} is no generation; remove the folder .deskfleet/lock of this home`)
  return (countOf(generation) + 1) * CHANCE + chance
}

export const highest = (generations: readonly Generation[]): Generation | undefined =>
  generations.reduce<Generation | undefined>(
    (best, one) => (best === undefined || one.generation > best.generation ? one : best),
    undefined,
  )

/** What a pod that has not got the home does next. A reading counts from its end when it shows news, and from its beginning when it does not. */
export function wait(
  me: string,
  generations: readonly Generation[],
  watch: Watch | undefined,
  reading: { readonly began: number; readonly ended: number },
  rules: Rules = RULES,
): Turn {
  const top = highest(generations)
  if (top === undefined) return { step: 'lay' }
  const take: Turn = { step: 'take', from: top.generation }
  // A container of the same pod is only started when the one before has ended.
  if (top.free || top.pod === me) return take
  const same = watch !== undefined && watch.generation === top.generation && watch.text === top.text
  const current = same ? watch : { generation: top.generation, text: top.text, since: reading.ended }
  const left = current.since + rules.takeOver - reading.began
  return same && left <= 0 ? take : { step: 'wait', watch: current, left: Math.max(0, left) }
}

/**
 * Whether a claim has come true: it is there, and beside it nothing but what was below it before. Where a lock was laid
 * out a second time, by a pod that had found none, two claims may come true at once; of these the later one yields.
 */
export const isWon = (claimed: number, before: readonly Generation[], now: readonly Generation[]): boolean =>
  now.some(({ generation }) => generation === claimed) &&
  now.every(
    ({ generation }) =>
      generation === claimed ||
      (generation < claimed && before.some((earlier) => earlier.generation === generation)),
  )

/** Why a holder must end at once, or undefined while it may go on; asked after each look at the lock. */
export function fenced(
  me: string,
  generation: number,
  generations: readonly Generation[],
): string | undefined {
  const top = highest(generations)
  if (top && top.generation > generation) return `claim ${countOf(top.generation)} has the home now`
  const own = generations.find((one) => one.generation === generation)
  // A text of nobody is what a pod before us wrote too late: the next heartbeat goes over it.
  if (own && own.pod !== '' && own.pod !== me) return `claim ${countOf(generation)} belongs to another pod`
  // Whoever removed our file may have let somebody else in.
  if (!own && generations.length > 0)
    return `the lock of claim ${countOf(generation)} is gone, and another one is there`
  return undefined
}

/** Whether a holder's time is over, by the beginning of its last good write. */
export const overdue = (lastGood: number, now: number, rules: Rules = RULES): boolean =>
  now - lastGood >= rules.giveUp
