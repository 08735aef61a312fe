import type { Clock } from '../../service/clock.ts'

/** Time that passes only when it is told to. Sleepers wake in order; whoever waits on one runs before the next wakes. */
export interface FakeTime {
  /** Milliseconds since it began. */
  now(): number
  /** A clock of one program or PC; they do not agree on the time, so each may begin elsewhere (milliseconds). */
  clock(offset?: number): Clock
  pass(milliseconds: number): Promise<void>
}

interface Sleeper {
  readonly at: number
  wake(): void
}

export function fakeTime(): FakeTime {
  let now = 0
  const sleepers = new Set<Sleeper>()
  const sleep = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
    new Promise((done) => {
      if (signal?.aborted) return done()
      const sleeper: Sleeper = {
        at: now + Math.max(0, milliseconds),
        wake: () => {
          sleepers.delete(sleeper)
          done()
        },
      }
      sleepers.add(sleeper)
      signal?.addEventListener('abort', sleeper.wake, { once: true })
    })
  const first = (until: number): Sleeper | undefined => {
    let found: Sleeper | undefined
    for (const one of sleepers) if (one.at <= until && (found === undefined || one.at < found.at)) found = one
    return found
  }
  return {
    now: () => now,
    clock: (offset = 0) => ({ now: () => now + offset, wall: () => new Date(now - offset), sleep }),
    async pass(milliseconds) {
      const end = now + milliseconds
      for (;;) {
        await othersRun()
        const next = first(end)
        if (!next) break
        now = Math.max(now, next.at)
        next.wake()
      }
      now = end
      await othersRun()
    },
  }
}

const othersRun = (): Promise<void> => new Promise((done) => setImmediate(done))
