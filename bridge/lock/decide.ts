/**
 * The generation lock of a home, as decisions: at most one pod has the home at a time. Each generation is a file of its
 * own, made by exactly one pod; the highest one counts. Its pod raises a heartbeat in it; who waits watches whether
 * that changes, by their own monotonic clock, so that no two PCs need to agree on the time. Milliseconds throughout.
 */

/** One generation, as its file says it. */
export interface Term {
  /** From the name of the file, so known even where the text is damaged. */
  readonly generation: number
  /** The pod's uid; '' where the text is damaged. */
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

export const RULES: Rules = { beat: 5_000, giveUp: 15_000, takeOver: 20_000 }

/** What a waiter has watched so far: a text, and since when it has not changed. */
export interface Watch {
  readonly generation: number
  readonly text: string
  /** End of the reading that showed it first. */
  readonly since: number
}

export type Turn =
  /** Claim this generation. */
  | { readonly step: 'take'; readonly generation: number }
  /** Look again; `left` says after how long the lock falls if nothing changes. */
  | { readonly step: 'wait'; readonly watch: Watch; readonly left: number }

export const highest = (terms: readonly Term[]): Term | undefined =>
  terms.reduce<Term | undefined>(
    (best, one) => (best === undefined || one.generation > best.generation ? one : best),
    undefined,
  )

/** What a pod that has not got the home does next. A reading counts from its end when it shows news, and from its beginning when it does not. */
export function wait(
  me: string,
  terms: readonly Term[],
  watch: Watch | undefined,
  reading: { readonly began: number; readonly ended: number },
  rules: Rules = RULES,
): Turn {
  const top = highest(terms)
  if (top === undefined) return { step: 'take', generation: 1 }
  // A container of the same pod is only started when the one before has ended.
  if (top.free || top.pod === me) return { step: 'take', generation: top.generation + 1 }
  const same = watch !== undefined && watch.generation === top.generation && watch.text === top.text
  const current = same ? watch : { generation: top.generation, text: top.text, since: reading.ended }
  const left = current.since + rules.takeOver - reading.began
  if (same && left <= 0) return { step: 'take', generation: top.generation + 1 }
  return { step: 'wait', watch: current, left: Math.max(0, left) }
}

/** Why a holder must end at once, or undefined while it may go on; asked after each look at the lock. */
export function fenced(me: string, generation: number, terms: readonly Term[]): string | undefined {
  const top = highest(terms)
  if (top && top.generation > generation) return `generation ${top.generation} has the home now`
  const own = terms.find((one) => one.generation === generation)
  if (own && own.pod !== me) return `generation ${generation} belongs to another pod`
  // Whoever removed our file may have let somebody else in.
  if (!own && terms.length > 0)
    return `the file of generation ${generation} is gone, and another one is there`
  return undefined
}

/** Whether a holder's time is over, by the beginning of its last good write. */
export const overdue = (lastGood: number, now: number, rules: Rules = RULES): boolean =>
  now - lastGood >= rules.giveUp
