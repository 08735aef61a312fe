import type { Clock } from '../../service/clock.ts'
import type { BridgeProgress, Desktop, DesktopPod, Owner } from './desktop.ts'
import type { Desktops } from './desktops.ts'

/** How often a desktop that starts is asked whether it is there, in ms. */
const ASK_EVERY = 150
/**
 * That one that takes longer is ready is left to its PC's word, in ms since its pod was made. What is in its way nobody else
 * tells: it is asked on, seldom.
 */
const PATIENCE = 60_000
const ASK_WAITING_EVERY = 2_000

/** For the administrator: what only they can mend. */
const DETAIL: Readonly<Record<Exclude<BridgeProgress, 'ready' | 'starting'>, string>> = {
  held: 'another pod has the home; if the PC of that one does not answer, switch it off',
  home: 'the home cannot be read or written from this PC; look at the storage of that PC',
  full: 'the disk of all homes is full; make room there',
  quota: 'this person’s share of the disk is used up; they may remove files, or you may give them more',
  lock: 'the folder .deskfleet in the home cannot be used, and is not the person’s; give it to them, or remove it',
  session: 'XFCE ends again and again; the log of the pod says why',
}

/**
 * The same desktops, known to be ready as soon as their bridges say so. The PC looks once a second, tells the cluster,
 * and the cluster tells us: that is a second of a person's time. That a home is held nobody else tells at all. Asks
 * until `signal` aborts.
 */
export function confirmByBridge(
  desktops: Desktops,
  progressOf: (owner: Owner) => Promise<BridgeProgress>,
  clock: Clock,
  signal: AbortSignal,
): Desktops {
  /** What the bridges of pods said last, and since when. */
  const words = new Map<string, { readonly word: BridgeProgress; readonly since: number }>()
  const asking = new Set<string>()
  /** Old ones by when they were asked last, monotonic. */
  const asked = new Map<string, number>()
  const listeners = new Set<() => void>()
  let news = new AbortController()
  desktops.onChange(() => {
    // Once its PC has said it, the PC's word counts: it may also say that the desktop is gone again.
    const starting = new Set(desktops.all().flatMap((one) => startingPod(one)?.name ?? []))
    for (const known of [words, asked])
      for (const name of known.keys()) if (!starting.has(name)) known.delete(name)
    news.abort()
  })

  const isYoung = ({ made }: DesktopPod): boolean => clock.wall().getTime() - made < PATIENCE

  /** The pod that may be there before anybody says so. */
  const startingPod = ({ on, pod }: Desktop) =>
    on && pod?.step === 'start' && pod.address !== undefined && pod.fault === undefined ? pod : undefined

  const told = (desktop: Desktop): Desktop => {
    const pod = startingPod(desktop)
    if (!pod) return desktop
    const { word = 'starting', since = 0 } = words.get(pod.name) ?? {}
    if (word === 'starting' || (word === 'ready' && !isYoung(pod))) return desktop
    const known =
      word === 'ready' ? { step: word, readySince: since } : { fault: { kind: word, detail: DETAIL[word] } }
    return { ...desktop, pod: { ...pod, ...known } }
  }

  const ask = async (owner: Owner, name: string): Promise<void> => {
    asking.add(name)
    // One that does not answer has said nothing new.
    const word = await progressOf(owner).catch(() => undefined)
    asking.delete(name)
    if (word === undefined || word === (words.get(name)?.word ?? 'starting')) return
    // Under the pod's own name: where another one counts by now, this says nothing of it.
    words.set(name, { word, since: clock.wall().getTime() })
    for (const listener of [...listeners]) listener()
  }

  const isDue = (pod: DesktopPod): boolean => {
    if (asking.has(pod.name)) return false
    if (isYoung(pod)) return true
    const due = clock.now() - (asked.get(pod.name) ?? Number.NEGATIVE_INFINITY) >= ASK_WAITING_EVERY
    if (due) asked.set(pod.name, clock.now())
    return due
  }

  const askAround = async (): Promise<void> => {
    while (!signal.aborted) {
      news = new AbortController()
      const starting = desktops.all().flatMap((one) => {
        const pod = startingPod(one)
        return pod && !(isYoung(pod) && words.get(pod.name)?.word === 'ready') ? [{ one, pod }] : []
      })
      for (const { one, pod } of starting) if (isDue(pod)) void ask(one, pod.name)
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
    of(owner) {
      const desktop = desktops.of(owner)
      return desktop && told(desktop)
    },
    named(slug) {
      const desktop = desktops.named(slug)
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
