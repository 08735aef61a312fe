import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { systemClock } from '../../service/clock.ts'
import type { ProgramContext } from '../../service/program.ts'

/** A program's surroundings for one that runs in the test's own process, and what ends it as a signal would. */
export interface OwnProgram<S> {
  readonly context: ProgramContext<S>
  /** Told to end: it drains for no time, and drops what is still open after a second. */
  end(): Promise<void>
}

export function ownProgram<S>(settings: S, log: Logger, me: string): OwnProgram<S> {
  const stopping = new AbortController()
  const begun = Promise.withResolvers<void>()
  const closing = new AsyncDisposableStack()
  const ending = {
    begun: begun.promise,
    patience: () => begun.promise,
    hard: begun.promise.then(() => sleep(1_000)),
  }
  return {
    context: { settings, log, clock: systemClock, me, signal: stopping.signal, ending, closing },
    async end() {
      stopping.abort()
      begun.resolve()
      await closing.disposeAsync()
    },
  }
}
