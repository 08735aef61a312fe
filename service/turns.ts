import type { Clock } from './clock.ts'

/** How a pass follows a pass. */
export interface Rhythm<T> {
  /** Milliseconds from the end of a pass to the next; `result` is undefined where the pass failed. */
  rest(result: T | undefined, took: number): number
  /** Told what a pass threw; the turns go on. */
  failed(error: unknown): void
  /** Rung by whoever has news: it ends the rest. */
  readonly bell?: Bell
}

/** Ends a rest early. What rings while a pass is under way counts for the rest behind it. */
export interface Bell {
  ring(): void
  /** Forgets what rang until now; the signal aborts at the next ring. */
  listen(): AbortSignal
}

export function newBell(): Bell {
  let rung = new AbortController()
  return {
    ring: () => rung.abort(),
    listen() {
      rung = new AbortController()
      return rung.signal
    },
  }
}

/** Does `pass` again and again until the signal aborts; a pass under way is waited for, and a failed one is told. */
export async function turns<T>(
  clock: Clock,
  { rest, failed, bell = newBell() }: Rhythm<T>,
  signal: AbortSignal,
  pass: () => Promise<T>,
): Promise<void> {
  signal.addEventListener('abort', bell.ring, { once: true })
  try {
    while (!signal.aborted) {
      // Listened to before the pass, so that what happens during it is not missed.
      const news = bell.listen()
      const began = clock.now()
      let result: T | undefined
      try {
        result = await pass()
      } catch (error) {
        failed(error)
      }
      if (!signal.aborted) await clock.sleep(rest(result, clock.now() - began), news)
    }
  } finally {
    signal.removeEventListener('abort', bell.ring)
  }
}

/** Works on all items, so many at a time; begins no further one once the signal aborts or a work has failed. */
export async function atOnce<T>(
  items: readonly T[],
  most: number,
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values()
  let failed = false
  const worker = async (): Promise<void> => {
    while (!signal.aborted && !failed) {
      const next = left.next()
      if (next.done) return
      await work(next.value).catch((error: unknown) => {
        failed = true
        throw error
      })
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker))
}
