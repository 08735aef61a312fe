import type { Desktop, Fault } from './desktop.ts'

/** What a person is shown of their own desktop. Pure of words: `pages/` says it. */
export type View =
  | { readonly state: 'off'; readonly why?: string; readonly at?: number }
  /** In the queue: which place of how many, and what for. */
  | {
      readonly state: 'waiting'
      readonly place: number
      readonly of: number
      readonly why: 'turn' | 'full' | 'ending'
      readonly since: number
    }
  | {
      readonly state: 'coming'
      readonly step: 'asked' | 'found' | 'image' | 'start'
      readonly pc?: string
      readonly fault?: Fault | 'refused'
      /** It ran before, and comes back elsewhere. */
      readonly again: boolean
    }
  | { readonly state: 'ready'; readonly pc: string; readonly pod: string; readonly stopsAt?: number }

/** A desktop that was ready once and whose pod is younger than its start by so much has moved. Ms. */
const MOVED = 20_000

/** What to show of one desktop among all: the queue is everybody's. */
export function viewOf(desktop: Desktop | undefined, all: readonly Desktop[], atMost: number): View {
  if (!desktop) return { state: 'off' }
  const { on, pod, waitingSince, stoppedAt, stoppedWhy } = desktop
  if (waitingSince !== undefined && (!on || pod?.step === 'unschedulable')) {
    const place = placeOf(desktop, all)
    const why = whyWaiting(desktop, all, atMost)
    // Nobody is ahead and nobody starts: its turn comes within a second, and nothing is waited for.
    if (why === 'turn' && place.place === 1 && !all.some(isStarting))
      return { state: 'coming', step: 'asked', again: false }
    return { ...place, state: 'waiting', why, since: waitingSince }
  }
  if (!on) {
    return {
      state: 'off',
      ...(stoppedWhy === undefined ? {} : { why: stoppedWhy }),
      ...(stoppedAt === undefined ? {} : { at: stoppedAt }),
    }
  }
  if (pod?.step === 'ready') {
    const { stopsAt } = desktop
    return { state: 'ready', pc: pod.pc ?? '', pod: pod.name, ...(stopsAt === undefined ? {} : { stopsAt }) }
  }
  const fault = desktop.refused ? ('refused' as const) : pod?.fault?.kind
  const again =
    desktop.endingSince !== undefined ||
    (pod !== undefined && pod.made - (desktop.startedAt ?? pod.made) > MOVED)
  const step = pod?.step === 'unschedulable' || !pod ? 'asked' : pod.step
  return {
    state: 'coming',
    step,
    again,
    ...(pod?.pc === undefined ? {} : { pc: pod.pc }),
    ...(fault === undefined ? {} : { fault }),
  }
}

const isStarting = ({ on, pod }: Desktop): boolean => on && pod?.step !== 'ready'

/** Everybody who waits, first come first. Those whose pods look for a PC already are ahead of all others. */
export function queueOf(all: readonly Desktop[]): Desktop[] {
  return all
    .filter((one) => one.waitingSince !== undefined && (!one.on || one.pod?.step === 'unschedulable'))
    .sort((a, b) => (a.waitingSince ?? 0) - (b.waitingSince ?? 0) || (a.slug < b.slug ? -1 : 1))
}

function placeOf(desktop: Desktop, all: readonly Desktop[]): { place: number; of: number } {
  const queue = queueOf(all)
  return { place: queue.findIndex(({ slug }) => slug === desktop.slug) + 1, of: queue.length }
}

function whyWaiting(desktop: Desktop, all: readonly Desktop[], atMost: number): 'turn' | 'full' | 'ending' {
  if (desktop.endingSince !== undefined && !desktop.on) return 'ending'
  const full =
    desktop.pod?.step === 'unschedulable' ||
    all.filter(({ on }) => on).length >= atMost ||
    all.some(({ template, pod, on }) => on && pod?.step === 'unschedulable' && template === desktop.template)
  return full ? 'full' : 'turn'
}
