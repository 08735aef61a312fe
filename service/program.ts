import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { z } from 'zod'
import { type Clock, systemClock } from './clock.ts'
import { openLog } from './log.ts'
import { PROGRAM, type Read, type Environment as Variables } from './settings.ts'

/** A program of the platform: what it is called, how it reads its settings, and what it does. */
export interface Program<S> {
  readonly name: string
  readonly settings: (environment: Variables) => Read<S>
  /**
   * Runs until it is done or the context's signal aborts. What it returns is the exit code; 0 where it is nothing.
   *
   * @throws for exit code 1, after the reason was logged.
   */
  readonly start: (context: ProgramContext<S>) => Promise<number | undefined>
}

/** All that a program gets from outside. */
export interface ProgramContext<S> {
  readonly settings: S
  readonly log: Logger
  readonly clock: Clock
  /** Different for every process: the pod's name where there is one. */
  readonly me: string
  /** Aborts when the program is told to end. */
  readonly signal: AbortSignal
  /** How the end is paced. */
  readonly ending: Ending
  /** What is closed at the end, the newest first, whatever ended the program. */
  readonly closing: AsyncDisposableStack
}

export interface Ending {
  /** Resolves when the program is told to end. */
  readonly begun: Promise<void>
  /** Resolves so many ms after that, or when the program is told a second time. */
  patience(milliseconds: number): Promise<void>
  /** Resolves when everything must be dropped: before the kubelet's 30 s are over. */
  readonly hard: Promise<void>
}

/** Exit codes that every program shares; a program may have more of its own. */
export const EXIT = { done: 0, failed: 1, wrongSettings: 2 } as const

/** Ms after SIGTERM at which what is still open is dropped. */
export const HARD_STOP = 25_000
/** Ms after SIGTERM at which a program that hangs ends all the same. */
const LAST_STOP = 28_000

const Basics = z.object(PROGRAM)

/** Runs a program to its end and ends the process: signals, exit codes, the log, orderly closing. */
export async function runProgram<S>({ name, settings, start }: Program<S>): Promise<never> {
  const level = Basics.safeParse(process.env).data?.DESKFLEET_LOG_LEVEL ?? 'info'
  const { log, end } = openLog(name, level)
  const read = settings(process.env)
  if ('faults' in read) {
    for (const fault of read.faults) log.fatal(`The environment is wrong: ${fault}.`)
    await end()
    process.exit(EXIT.wrongSettings)
  }
  const { signal, ending, begin } = endingOf(log)
  const closing = new AsyncDisposableStack()
  const me = process.env.POD_NAME || `${hostname()}-${process.pid}`
  const context = { settings: read.settings, log, clock: systemClock, me, signal, ending, closing }
  const code = await finish(log, signal, async () => (await start(context)) ?? EXIT.done)
  // Whatever ended it: what is closed now may wait for callers to leave, but not for a signal.
  begin()
  const closed = await finish(log, signal, async () => {
    await closing.disposeAsync()
    return EXIT.done
  })
  await end()
  process.exit(code === EXIT.done ? closed : code)
}

async function finish(log: Logger, signal: AbortSignal, work: () => Promise<number>): Promise<number> {
  try {
    return await work()
  } catch (error) {
    // A wait that the end itself cut short.
    if (signal.aborted && error instanceof Error && error.name === 'AbortError') return EXIT.done
    log.fatal({ err: error }, error instanceof Error ? error.message : 'failed')
    return EXIT.failed
  }
}

/** SIGTERM, SIGINT or `begin` begin the end; a second signal hastens it. */
function endingOf(log: Logger): { signal: AbortSignal; ending: Ending; begin: () => void } {
  const stopping = new AbortController()
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  const wait = (ms: number): Promise<void> => sleep(ms, undefined, { ref: false })
  const begin = (): void => {
    if (stopping.signal.aborted) return
    setTimeout(() => {
      log.fatal(`did not end within ${LAST_STOP / 1_000} s`)
      process.exit(EXIT.failed)
    }, LAST_STOP).unref()
    stopping.abort()
    first.resolve()
  }
  const onSignal = (name: string): void => {
    log.info({ signal: name }, stopping.signal.aborted ? 'hastening' : 'stopping')
    if (stopping.signal.aborted) second.resolve()
    else begin()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  const ending = {
    begun: first.promise,
    patience: async (ms: number) => {
      await first.promise
      await Promise.race([wait(ms), second.promise])
    },
    hard: first.promise.then(() => wait(HARD_STOP)),
  }
  return { signal: stopping.signal, ending, begin }
}
