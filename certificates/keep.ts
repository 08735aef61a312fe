import pRetry from 'p-retry'
import type { Logger } from 'pino'
import { reasonOf } from '../cluster/answer.ts'
import type { Clock } from '../service/clock.ts'
import { type Bell, turns } from '../service/turns.ts'
import { DamagedSecret } from './hold.ts'

/** What a server serves with, kept current. */
export interface Kept<T> {
  readonly current: () => T
  /** Looks again whenever there is news, and every so many ms, until the signal aborts; tells what is new. */
  follow(renewed: (held: T) => void, signal: AbortSignal): Promise<void>
}

export interface KeepOptions<T> {
  /** Reads what there is and makes what is absent or stale. */
  readonly hold: () => Promise<T>
  readonly isSame: (before: T, after: T) => boolean
  /** Ms between looks while there is no news: an API server that is cut off has none. */
  readonly every: number
  /** Rung when what is held may have changed. @default never */
  readonly news?: Bell
  readonly clock: Clock
  readonly log: Logger
}

const FIRST_PAUSE = 500
const LONGEST_PAUSE = 15_000

/** Tries until there is a certificate; a Secret that only a person can mend ends it at once, and so does the signal. */
export async function keepCertificate<T>(
  { hold, isSame, every, news, clock, log }: KeepOptions<T>,
  signal: AbortSignal,
): Promise<Kept<T>> {
  let held = await pRetry(hold, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: FIRST_PAUSE,
    maxTimeout: LONGEST_PAUSE,
    signal,
    shouldRetry: ({ error }) => !(error instanceof DamagedSecret),
    onFailedAttempt: ({ error }) => {
      if (!(error instanceof DamagedSecret))
        log.warn({ reason: reasonOf(error) }, 'no certificate yet; trying again')
    },
  })
  return {
    current: () => held,
    async follow(renewed, until) {
      const rhythm = {
        rest: () => every,
        failed: (error: unknown) =>
          log.error({ reason: reasonOf(error) }, 'the certificate could not be looked at'),
        ...(news ? { bell: news } : {}),
      }
      await turns(clock, rhythm, until, async () => {
        const fresh = await hold()
        const same = isSame(held, fresh)
        held = fresh
        if (!same) renewed(fresh)
      })
    },
  }
}
