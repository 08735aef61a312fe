import type { Clock } from '../../lease/clock.ts'
import type { Desktop } from './desktop.ts'
import type { Desktops } from './desktops.ts'

/** How often a desktop that starts is asked whether it is there, in ms. */
const ASK_EVERY = 150
/** One that takes longer is left to its PC's word, in ms since its pod was made. */
const PATIENCE = 60_000

/**
 * The same desktops, known to be ready as soon as their bridges say so. The PC looks once a second, tells the cluster,
 * and the cluster tells us: that is a second of a person's time. Asks until `signal` aborts.
 */
export function withEarlyWord(
  desktops: Desktops,
  isReady: (slug: string) => Promise<boolean>,
  clock: Clock,
  signal: AbortSignal,
): Desktops {
  /** Pods whose bridge said so, and when. */
  const there = new Map<string, number>()
  const asking = new Set<string>()
  const listeners = new Set<() => void>()
  let news = new AbortController()
  desktops.onChange(() => {
    // Once its PC has said it, the PC's word counts: it may also say that the desktop is gone again.
    const starting = new Set(desktops.all().flatMap((one) => startingPod(one)?.name ?? []))
    for (const name of there.keys()) if (!starting.has(name)) there.delete(name)
    news.abort()
  })

  /** The pod that may be there before anybody says so. */
  const startingPod = ({ on, pod }: Desktop) =>
    on &&
    pod?.step === 'start' &&
    pod.address !== undefined &&
    pod.fault === undefined &&
    clock.wall().getTime() - pod.made < PATIENCE
      ? pod
      : undefined

  const told = (desktop: Desktop): Desktop => {
    const pod = startingPod(desktop)
    if (!pod) return desktop
    const readySince = there.get(pod.name)
    return readySince === undefined ? desktop : { ...desktop, pod: { ...pod, step: 'ready', readySince } }
  }

  const ask = async (slug: string, name: string): Promise<void> => {
    asking.add(name)
    const ready = await isReady(slug).catch(() => false)
    asking.delete(name)
    if (!ready) return
    // Under the pod's own name: where another one counts by now, this says nothing of it.
    there.set(name, clock.wall().getTime())
    for (const listener of [...listeners]) listener()
  }

  const askAround = async (): Promise<void> => {
    while (!signal.aborted) {
      news = new AbortController()
      const starting = desktops.all().flatMap((one) => {
        const pod = startingPod(one)
        return pod && !there.has(pod.name) ? [{ slug: one.slug, name: pod.name }] : []
      })
      for (const { slug, name } of starting) if (!asking.has(name)) void ask(slug, name)
      // While somebody starts there is news all the time; else nothing happens without any.
      if (starting.length > 0) await clock.sleep(ASK_EVERY, signal)
      else await clock.sleep(PATIENCE, AbortSignal.any([signal, news.signal]))
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
