import type { BridgeState, Desktop, StopReason } from '../desktops/desktop.ts'
import type { Move } from '../desktops/moves.ts'
import { queueOf } from '../desktops/view.ts'

export interface Limits {
  /** Desktops that may run at once. */
  readonly atMost: number
  /** Desktops that may be starting at once. */
  readonly startingAtOnce: number
  /** How long a desktop of that template may go without input, in ms. */
  readonly idle: (template: string) => number
  /** Whether the files of that desktop's person take up more than they may. */
  readonly isOver: (desktop: Desktop) => boolean
  /** Why and when the desktops of a PC move to others; undefined where they stay. */
  readonly moveOf: (pc: string) => Move | undefined
}

/** One thing to do, with the version of the Deployment that it was decided on. */
export type Action =
  | { readonly do: 'start'; readonly slug: string; readonly version: string }
  | { readonly do: 'stop'; readonly slug: string; readonly version: string; readonly why: StopReason }
  | { readonly do: 'note'; readonly slug: string; readonly version: string; readonly note: Note }

/** Annotations to set; null takes one away. */
export interface Note {
  readonly lastInput?: number
  readonly stopsAt?: number | null
  readonly waitingSince?: number | null
  readonly toldOverLimit?: number
  readonly toldMove?: Move
}

/** A start that takes longer no longer keeps others back. */
export const START_PATIENCE = 90_000
/** An earlier pod that takes longer to end is dead with its PC, and fenced from the home. */
export const END_PATIENCE = 60_000
/** How long before its end a person is told; a third of the limit where that is less. */
export const WARN_BEFORE = 5 * 60_000
/** Nobody is warned so late that there is no time to answer. */
const LEAST_WARNING = 60_000
/** For somebody who waits, a desktop that nobody looks at or touches gives way after so long. */
export const SPARE_AFTER = 5 * 60_000
/** An answer that is older says nothing: who cannot be asked is not stopped. */
export const FRESH = 2 * 60_000
/** The scheduler may say once that there is no room, and find some in the next moment. */
const UNSCHEDULABLE_PATIENCE = 3_000
/** Idle time is told in whole seconds: the same input seems to be at a slightly different time at every asking. */
const JITTER = 2_000
const NOTE_EVERY = 60_000
/** So often at most somebody is told that their files take up more than they may. */
export const TELL_LIMIT_EVERY = 24 * 3_600_000
/** Whoever sits down is let begin first. */
export const LIMIT_AFTER = 2 * 60_000

/** All that is to be done now. Pure: the same desktops, answers and time give the same actions. */
export function decide(
  desktops: readonly Desktop[],
  said: ReadonlyMap<string, BridgeState>,
  limits: Limits,
  now: number,
): Action[] {
  const idle = desktops.flatMap((desktop) => decideIdle(desktop, said.get(desktop.slug), limits, now))
  const stopping = new Set(idle.filter((action) => action.do === 'stop').map(({ slug }) => slug))
  const starts = decideStarts(desktops, limits, now)
  return [
    ...idle,
    ...starts,
    ...makeRoom(desktops, said, limits, now, stopping, starts.length),
    ...notePlaces(desktops),
    ...tellMove(desktops, limits, stopping),
    ...tellLimit(desktops, said, limits, now, stopping),
  ]
}

/** One that is in trouble takes nobody's turn: it is tried again and again, perhaps for long. */
const isStarting = ({ on, pod, startedAt = 0 }: Desktop, now: number): boolean =>
  on &&
  pod?.step !== 'ready' &&
  pod?.step !== 'unschedulable' &&
  pod?.fault === undefined &&
  now - startedAt < START_PATIENCE

function decideStarts(
  desktops: readonly Desktop[],
  { atMost, startingAtOnce }: Limits,
  now: number,
): Action[] {
  let free = atMost - desktops.filter(({ on }) => on).length
  let turns = startingAtOnce - desktops.filter((desktop) => isStarting(desktop, now)).length
  const full = new Set(
    desktops.filter(({ on, pod }) => on && pod?.step === 'unschedulable').map(({ template }) => template),
  )
  const actions: Action[] = []
  for (const { slug, version, on, endingSince, template } of queueOf(desktops)) {
    if (free <= 0 || turns <= 0) break
    // One that finds no PC is enough to know that there is none for its kind.
    if (on || full.has(template) || (endingSince !== undefined && now - endingSince < END_PATIENCE)) continue
    actions.push({ do: 'start', slug, version })
    free--
    turns--
  }
  return actions
}

/** When a desktop was last of use: its input, or its start. */
export const lastUse = (desktop: Desktop, said: BridgeState | undefined): number =>
  Math.max(said?.lastInput ?? 0, desktop.lastInput ?? 0, desktop.startedAt ?? 0, desktop.pod?.readySince ?? 0)

function decideIdle(desktop: Desktop, said: BridgeState | undefined, limits: Limits, now: number): Action[] {
  const { slug, version, on, pod, stopsAt } = desktop
  const limit = limits.idle(desktop.template)
  if (!on || pod?.step !== 'ready' || !said || now - said.askedAt > FRESH) return []
  const used = lastUse(desktop, said)
  const end = used + limit
  const ahead = Math.min(WARN_BEFORE, limit / 3)
  if (now < end - ahead) return note(desktop, used, stopsAt === undefined ? undefined : null, said)
  // The announced end stands, unless input came since; an end that was never announced leaves time to answer.
  const announced = stopsAt !== undefined && stopsAt >= end - JITTER ? stopsAt : undefined
  const watched = said.viewers > 0
  const due = announced ?? (watched ? Math.max(end, now + Math.min(LEAST_WARNING, ahead)) : end)
  if (now >= due) return [{ do: 'stop', slug, version, why: 'Idle' }]
  return note(desktop, used, announced === undefined ? due : undefined, said)
}

function note(
  desktop: Desktop,
  used: number,
  stopsAt: number | null | undefined,
  said: BridgeState,
): Action[] {
  const behind = said.lastInput - (desktop.lastInput ?? 0) >= NOTE_EVERY && used === said.lastInput
  if (!behind && stopsAt === undefined) return []
  const { slug, version } = desktop
  const what = { ...(behind ? { lastInput: used } : {}), ...(stopsAt === undefined ? {} : { stopsAt }) }
  return [{ do: 'note', slug, version, note: what }]
}

/** Idle desktops that nobody looks at give way to those who wait: the longest idle first, no more than are needed. */
function makeRoom(
  desktops: readonly Desktop[],
  said: ReadonlyMap<string, BridgeState>,
  { atMost }: Limits,
  now: number,
  stopping: ReadonlySet<string>,
  starts: number,
): Action[] {
  const on = desktops.filter((desktop) => desktop.on && !stopping.has(desktop.slug))
  const unschedulable = on.filter(
    ({ pod }) => pod?.step === 'unschedulable' && now - pod.made >= UNSCHEDULABLE_PATIENCE,
  ).length
  const queued = queueOf(desktops).filter((desktop) => !desktop.on).length - starts
  const blocked = unschedulable > 0 || on.length + starts >= atMost
  const ending = desktops.filter(
    (one) => !one.on && one.endingSince !== undefined && one.waitingSince === undefined,
  )
  const needed = (blocked ? unschedulable + queued : 0) - ending.length - stopping.size
  if (needed <= 0) return []
  return on
    .flatMap((desktop) => {
      const answer = said.get(desktop.slug)
      const spare =
        desktop.pod?.step === 'ready' && answer && now - answer.askedAt <= FRESH && answer.viewers === 0
      const used = lastUse(desktop, answer)
      return spare && now - used >= SPARE_AFTER ? [{ desktop, used }] : []
    })
    .sort((a, b) => a.used - b.used || (a.desktop.slug < b.desktop.slug ? -1 : 1))
    .slice(0, needed)
    .map(({ desktop: { slug, version } }) => ({ do: 'stop', slug, version, why: 'MadeRoom' }))
}

/** A pod without a PC takes its place in the queue, and leaves it when it has one. */
function notePlaces(desktops: readonly Desktop[]): Action[] {
  return desktops.flatMap(({ slug, version, on, pod, waitingSince, startedAt }): Action[] => {
    if (!on || !pod) return []
    if (pod.step === 'unschedulable' && waitingSince === undefined) {
      return [{ do: 'note', slug, version, note: { waitingSince: startedAt ?? pod.made } }]
    }
    const placed = pod.step !== 'unschedulable' && pod.step !== 'asked' && waitingSince !== undefined
    return placed ? [{ do: 'note', slug, version, note: { waitingSince: null } }] : []
  })
}

/** Whoever has a desktop on a PC that is about to be emptied is told, once for each time; it takes no notice of who watches. */
function tellMove(desktops: readonly Desktop[], { moveOf }: Limits, stopping: ReadonlySet<string>): Action[] {
  return desktops.flatMap((desktop): Action[] => {
    const { slug, version, on, pod, toldMove } = desktop
    if (!on || pod?.step !== 'ready' || pod.pc === undefined || stopping.has(slug)) return []
    const move = moveOf(pod.pc)
    if (move === undefined || move.operation === toldMove) return []
    return [{ do: 'note', slug, version, note: { toldMove: move } }]
  })
}

/** Who takes up more than they may is told on their desktop, while they are there: once a day, and not at its very beginning. */
function tellLimit(
  desktops: readonly Desktop[],
  said: ReadonlyMap<string, BridgeState>,
  { isOver }: Limits,
  now: number,
  stopping: ReadonlySet<string>,
): Action[] {
  return desktops.flatMap((desktop): Action[] => {
    const { slug, version, on, pod, toldOverLimit, stopsAt } = desktop
    const answer = said.get(slug)
    if (!on || pod?.step !== 'ready' || stopping.has(slug) || stopsAt !== undefined) return []
    if (answer === undefined || answer.viewers === 0 || now - answer.askedAt > FRESH) return []
    if (now - (pod.readySince ?? now) < LIMIT_AFTER) return []
    if (toldOverLimit !== undefined && now - toldOverLimit < TELL_LIMIT_EVERY) return []
    return isOver(desktop) ? [{ do: 'note', slug, version, note: { toldOverLimit: now } }] : []
  })
}
