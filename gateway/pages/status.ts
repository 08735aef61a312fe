import { HOME_PLACES, type Notice } from '../../config/desktop-troubles.ts'
import type { Fault } from '../desktops/desktop.ts'
import type { View } from '../desktops/view.ts'
import type { Texts } from '../texts/texts.ts'

/** A view in words, for the page and for the script that keeps it current. */
export interface DesktopStatus {
  readonly state: View['state']
  readonly title: string
  readonly text: string
  /** A second, quieter sentence. */
  readonly more?: string
  readonly steps: readonly { readonly text: string; readonly state: 'done' | 'now' | 'todo' }[]
  readonly trouble: boolean
  /** Whether the person's files can be had although no desktop is to be seen. */
  readonly files?: true
  /** Which start of the desktop is ready; another one means: connect anew. */
  readonly pod?: string
  readonly pc?: string
  /** Ms since the epoch. */
  readonly stopsAt?: number
}

/** As a page is told: the time that is left, for its own clock may be wrong by any amount. */
export interface SentStatus extends Omit<DesktopStatus, 'stopsAt'> {
  /** Ms from when it was sent. */
  readonly stopsIn?: number
}

export function asSent({ stopsAt, ...status }: DesktopStatus, now: number): SentStatus {
  return stopsAt === undefined ? status : { ...status, stopsIn: stopsAt - now }
}

/** What a person is to know of a desktop that runs, in words. */
export function noticeText({ what, place = HOME_PLACES[0] }: Notice, { desktop: { notice } }: Texts): string {
  const text = notice[what]
  return typeof text === 'string' ? text : text(place)
}

/** The steps in the order in which a person sees them come. */
const ORDER = ['asked', 'found', 'home', 'image', 'start'] as const

/** In these troubles the bridge serves files: often they are the mend. */
const WITH_FILES: ReadonlySet<Fault | 'refused'> = new Set(['full', 'quota', 'session'])

export function statusOf(view: View, texts: Texts): DesktopStatus {
  if (view.state === 'off') {
    const { offTitle } = texts.desktop
    const why = view.why === undefined ? undefined : texts.choose.why[view.why]
    return { state: 'off', title: offTitle, text: why ?? texts.choose.whichever, steps: [], trouble: false }
  }
  if (view.state === 'waiting') {
    const { title, text, place } = texts.waiting
    const words = { title: title[view.why], text: text[view.why] }
    const more = view.why === 'ending' ? {} : { more: place(view.place, view.of) }
    return { state: 'waiting', ...words, ...more, steps: stepsAt('asked', undefined, texts), trouble: false }
  }
  if (view.state === 'ready') {
    const { pc, pod, stopsAt } = view
    const words = { title: texts.desktop.connecting, text: texts.desktop.pc(pc) }
    const ends = stopsAt === undefined ? {} : { stopsAt }
    return { state: 'ready', ...words, steps: stepsAt('ready', pc, texts), trouble: false, pod, pc, ...ends }
  }
  const { progress } = texts
  const trouble = view.fault === undefined ? undefined : progress.fault[view.fault]
  const usual = view.again ? progress.againText : view.step === 'image' ? progress.imageText : progress.text
  return {
    state: 'coming',
    title: view.again ? progress.again : progress.title,
    text: trouble ?? usual,
    steps: stepsAt(view.step, view.pc, texts),
    trouble: trouble !== undefined,
    ...(view.fault !== undefined && WITH_FILES.has(view.fault) ? { files: true } : {}),
    ...(view.pc === undefined ? {} : { pc: view.pc }),
  }
}

function stepsAt(
  at: 'asked' | 'found' | 'image' | 'start' | 'ready',
  pc: string | undefined,
  { progress: { steps } }: Texts,
): DesktopStatus['steps'] {
  const words = {
    asked: steps.asked,
    found: steps.found(pc),
    home: steps.home,
    image: steps.image,
    start: steps.start,
  }
  // When a PC is found, the home is brought next; while nothing is found, finding is what goes on.
  const now = { asked: 1, found: 2, image: 3, start: 4, ready: 5 }[at]
  return ORDER.map((step, index) => ({
    text: words[step],
    state: index < now ? 'done' : index === now ? 'now' : 'todo',
  }))
}
