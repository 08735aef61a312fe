import type { Term } from '../../../bridge/lock/decide.ts'
import type { LockStore } from '../../../bridge/lock/store.ts'
import type { Clock } from '../../../lease/clock.ts'

/** Time that passes only when told to, for many pods at once; whatever waits on a sleeper runs before it goes on. */
export interface World {
  clock(offset: number): Clock
  now(): number
  pass(milliseconds: number): Promise<void>
}

export function makeWorld(): World {
  let now = 0
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>()
  return {
    now: () => now,
    // PCs do not agree on the time: each clock begins elsewhere.
    clock: (offset) => ({
      now: () => now + offset,
      wall: () => new Date(now - offset),
      sleep(milliseconds, signal) {
        return new Promise((done) => {
          if (signal?.aborted) return done()
          const sleeper = {
            at: now + Math.max(0, milliseconds),
            wake: () => {
              sleepers.delete(sleeper)
              done()
            },
          }
          sleepers.add(sleeper)
          signal?.addEventListener('abort', sleeper.wake, { once: true })
        })
      },
    }),
    async pass(milliseconds) {
      const end = now + milliseconds
      for (;;) {
        await new Promise((done) => setImmediate(done))
        const due = [...sleepers].filter((one) => one.at <= end)
        const next = due.reduce<(typeof due)[number] | undefined>(
          (first, one) => (first === undefined || one.at < first.at ? one : first),
          undefined,
        )
        if (!next) break
        now = Math.max(now, next.at)
        next.wake()
      }
      now = end
    },
  }
}

/** One pod's way to the home: how long its next operations take, and whether it is cut off. */
export interface Way {
  /** Milliseconds before and after the moment at which an operation happens. */
  delay(): number
  /** Until then nothing gets through: operations hang, as on a dead network file system. */
  cutUntil: number
}

interface Entry {
  readonly pod: string
  readonly heartbeat: number
  readonly free: boolean
}

/** The files of one home, and each pod's view of them. */
export function makeHome(world: World) {
  const entries = new Map<number, Entry>()
  const through = async (way: Way): Promise<void> => {
    const clock = world.clock(0)
    await clock.sleep(way.delay())
    while (world.now() < way.cutUntil) await clock.sleep(way.cutUntil - world.now())
  }
  return {
    entries,
    store: (way: Way): LockStore => {
      const operation = async <T>(effect: () => T): Promise<T> => {
        await through(way)
        const result = effect()
        await through(way)
        return result
      }
      return {
        look: () =>
          operation(() =>
            [...entries].map(
              ([generation, entry]): Term => ({
                generation,
                pod: entry.pod,
                free: entry.free,
                text: JSON.stringify(entry),
              }),
            ),
          ),
        claim: (generation, pod) =>
          operation(() => {
            if (entries.has(generation)) return false
            entries.set(generation, { pod, heartbeat: 0, free: false })
            return true
          }),
        write: (generation, pod, heartbeat, free) =>
          operation(() => void entries.set(generation, { pod, heartbeat, free })),
        drop: (generation) => operation(() => void entries.delete(generation)),
      }
    },
  }
}
