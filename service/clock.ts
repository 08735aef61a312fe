import { setTimeout as after } from 'node:timers/promises'

/** Time as decisions see it, so that tests can make it pass. */
export interface Clock {
  /** Milliseconds that only ever grow, whatever happens to the wall clock. */
  now(): number
  /** The time of day, for stamps that people and other programs read. */
  wall(): Date
  /** Resolves after that many milliseconds, or early when the signal aborts; never rejects. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => new Date(),
  sleep: async (milliseconds, signal) => {
    await after(Math.max(0, milliseconds), undefined, signal ? { signal } : {}).catch(() => {})
  },
}

/**
 * Milliseconds that only ever grow, the same for all programs of a PC: for what one tells another. They begin anew when
 * the PC does, and stand still while it sleeps, so what they say has passed has passed at least.
 */
export const ofThisPc = (): number => Number(process.hrtime.bigint() / 1_000_000n)
