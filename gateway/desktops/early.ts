import type { Clock } from '../../lease/clock.ts'
import type { Desktop, DesktopPod } from './desktop.ts'
import type { Desktops } from './desktops.ts'

/** How often a desktop that starts is asked whether it is there, in ms. */
const ASK_EVERY = 150
/** One that takes longer is left to its PC's word, in ms since its pod was made; but for one that waits for its home. */
const PATIENCE = 60_000
const ASK_WAITING_EVERY = 2_000

/** What a bridge says of itself: there is a desktop to be seen, another pod has the home, or neither yet. */
export type Word = 'ready' | 'held' | 'starting'

/** For the administrator: only they can mend a PC that is cut off and goes on. */
const HELD = 'another pod has the home; if the PC of that one does not answer, switch it off'

/**
 * The same desktops, known to be ready as soon as their bridges say so. The PC looks once a second, tells the cluster,
 * and the cluster tells us: that is a second of a person's time. That a home is held nobody else tells at all. Asks
 * until `signal` aborts.
 */
export function withEarlyWord(
  desktops: Desktops,
  wordOf: (slug: string) => Promise<Word>,
  clock: Clock,
  signal: AbortSignal,
): Desktops {
  /** What the bridges of pods said last, and since when. */
  const words = new Map<string, { readonly word: Word; readonly since: number }>()
  const asking = new Set<string>()
  const listeners = new Set<() => void>()
  let news = new AbortController()
  desktops.onChange(() => {
    // Once its PC has said it, the PC's word counts: it may also say that the desktop is gone again.
    const starting = new Set(desktops.all().flatMap((one) => startingPod(one)?.name ?? []))
    for (const name of words.keys()) if (!starting.has(name)) words.delete(name)
    news.abort()
  })

  const isYoung = ({ made }: DesktopPod): boolean => clock.wall().getTime() - made < PATIENCE

  /** The pod that may be there before anybody says so. */
  const startingPod = ({ on, pod }: Desktop) =>
    on &&
    pod?.step === 'start' &&
    pod.address !== undefined &&
    pod.fault === undefined &&
    (isYoung(pod) || words.get(pod.name)?.word === 'held')
      ? pod
      : undefined

  const told = (desktop: Desktop): Desktop => {
    const pod = startingPod(desktop)
    if (!pod) return desktop
    const { word = 'starting', since = 0 } = words.get(pod.name) ?? {}
    if (word === 'starting') return desktop
    const known =
      word === 'ready' ? { step: word, readySince: since } : { fault: { kind: word, detail: HELD } }
    return { ...desktop, pod: { ...pod, ...known } }
  }

  const ask = async (slug: string, name: string): Promise<void> => {
    asking.add(name)
    // One that does not answer has said nothing new.
    const word = await wordOf(slug).catch(() => undefined)
    asking.delete(name)
    if (word === undefined || word === (words.get(name)?.word ?? 'starting')) return
    // Under the pod's own name: where another one counts by now, this says nothing of it.
    words.set(name, { word, since: clock.wall().getTime() })
    for (const listener of [...listeners]) listener()
  }

  const askAround = async (): Promise<void> => {
    while (!signal.aborted) {
      news = new AbortController()
      const starting = desktops.all().flatMap((one) => {
        const pod = startingPod(one)
        return pod && words.get(pod.name)?.word !== 'ready' ? [{ slug: one.slug, pod }] : []
      })
      for (const { slug, pod } of starting) if (!asking.has(pod.name)) void ask(slug, pod.name)
      // While somebody starts there is news all the time; else nothing happens without any.
      const untilNews = AbortSignal.any([signal, news.signal])
      if (starting.some(({ pod }) => isYoung(pod))) await clock.sleep(ASK_EVERY, signal)
      else if (starting.length > 0) await clock.sleep(ASK_WAITING_EVERY, untilNews)
      else await clock.sleep(PATIENCE, untilNews)
    }
  }
  void askAround()

  return {
    all: () => desktops.all().map(told),
    of(slug) {
      const desktop = desktops.of(slug)
      return desktop && told(desktop)
    },
    onChange(listener) {
      const forget = desktops.onChange(listener)
      listeners.add(listener)
      return () => {
        forget()
        listeners.delete(listener)
      }
    },
  }
}
