import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { SCREEN_CLOSED } from '../config/names.ts'
import { systemClock as clock } from '../lease/clock.ts'
import { homeFault, lookAtHome } from './home/check.ts'
import { type Holding, winHome } from './lock/hold.ts'
import { lockStore } from './lock/store.ts'
import { makeScreen } from './screen.ts'
import { bridgeServer } from './serve.ts'
import { clearStaleLocks, showShared } from './session/belongings.ts'
import { placesIn } from './session/plan.ts'
import { type Session, startSession } from './session/run.ts'
import { readSettings, type Settings } from './settings.ts'
import { type Standing, stateOf } from './state.ts'

/**
 * The one program of a desktop's pod: it checks that the home is the person's, waits until no other pod has it, runs
 * XFCE in it, and lets the gateway look. Exit codes: 0 ended in peace, 1 the desktop fails, 2 wrong environment,
 * 3 another pod has the home, 4 the home is not the person's.
 */

const log = pino({ base: null, level: process.env.DESKFLEET_LOG_LEVEL ?? 'info' })
const { version }: { version: string } = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8'),
)

/** Milliseconds that a home which is not right yet is given to become so: its mount may come a moment later. */
const HOME_PATIENCE = 20_000

async function live(settings: Settings): Promise<number> {
  const { home, run, entryUUID } = settings
  const over = Promise.withResolvers<number>()
  const ending = new AbortController()
  const standing: Standing = {
    phase: 'checking',
    reason: undefined,
    home: false,
    generation: undefined,
    startedAt: clock.wall(),
    lastInput: clock.wall(),
    lastInputAt: clock.now(),
  }
  const phase = (next: Standing['phase'], reason?: string): void => {
    if (standing.phase !== next || standing.reason !== reason) log.info({ phase: next, reason }, 'desktop')
    standing.phase = next
    standing.reason = reason
  }
  const onInput = (): void => {
    standing.lastInput = clock.wall()
    standing.lastInputAt = clock.now()
  }
  const warn = (text: string): void => log.warn(text)
  let session: Session | undefined
  let holding: Holding | undefined

  const screen = makeScreen({ socket: placesIn(run).screen, onInput, log: warn })
  const secret = (name: string): Buffer => readFileSync(join(settings.secrets, name))
  const token = secret('token').toString().trim()
  if (token.length < 32) throw new Error(`the token in ${settings.secrets} is shorter than 32 characters`)
  const server = bridgeServer({
    certificate: secret('tls.crt'),
    key: secret('tls.key'),
    token,
    home,
    largestFile: settings.largestFile,
    screen,
    state: () => stateOf(standing, screen.viewers(), version, clock.now()),
    keep: onInput,
    message: (text) => session?.message(text) ?? Promise.reject(new Error('no desktop runs')),
    log: warn,
  })
  await new Promise<void>((done, fail) => {
    server.once('error', fail)
    server.listen(settings.port, done)
  })
  server.on('error', (error) => warn(error.message))

  const stop = async (): Promise<void> => {
    phase('stopping', 'the desktop is being stopped')
    ending.abort()
    screen.close(SCREEN_CLOSED.stopping, 'the desktop is being stopped')
    // A home that is being claimed at this moment is given back, too.
    await Promise.race([beginning, clock.sleep(2_000)])
    await session?.stop()
    // The last step, since from here on another pod may start.
    await holding?.release().catch((error: Error) => warn(`the home was not given back: ${error.message}`))
    over.resolve(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop())

  const onFenced = (reason: string): void => {
    session?.kill()
    phase('fenced', reason)
    screen.close(SCREEN_CLOSED.fenced, 'the desktop runs elsewhere')
    log.error({ reason }, 'this pod has lost the home; its session was ended')
    // Long enough for the goodbye to the viewer.
    setTimeout(() => over.resolve(3), 300)
  }

  const begin = async (): Promise<void> => {
    const fault = await homeIsMine()
    if (ending.signal.aborted) return
    if (fault !== undefined) {
      log.fatal(`No desktop starts here: ${fault}.`)
      over.resolve(4)
      return
    }
    standing.home = true
    phase('waiting')
    holding = await winHome(lockStore(home), settings.pod, clock, lockListener, ending.signal)
    if (!holding) return
    if (ending.signal.aborted) return
    standing.generation = holding.generation
    phase('starting')
    const cleared = await clearStaleLocks(home)
    if (cleared.length > 0) log.info({ cleared }, 'locks of an ended pod are cleared away')
    await showShared(home, settings.shared).catch((error: Error) =>
      warn(`the shared folder: ${error.message}`),
    )
    if (standing.phase !== 'starting') return
    session = startSession(settings, randomUUID(), clock, {
      ready: () => phase('ready'),
      ended(part, how) {
        log.warn({ part, how }, 'a part of the desktop ended')
        if (standing.phase === 'ready') phase('starting', `${part} ended; the desktop starts anew`)
      },
      gaveUp(reason) {
        log.fatal(reason)
        over.resolve(1)
      },
      log: (text) => log.debug(text),
    })
  }

  const homeIsMine = async (): Promise<string | undefined> => {
    const end = clock.now() + HOME_PATIENCE
    for (;;) {
      const fault = await lookAtHome(home).then(
        (facts) => homeFault(facts, { uid: process.getuid?.() ?? -1, entryUUID }),
        (error: Error) => `the home cannot be looked at (${error.message})`,
      )
      if (fault === undefined || clock.now() > end || ending.signal.aborted) return fault
      phase('checking', fault)
      await clock.sleep(500, ending.signal)
    }
  }

  const lockListener = {
    waiting: ({ left }: { left: number }) =>
      phase(
        'waiting',
        `another pod has the home; if it has died, it is free in ${Math.ceil(left / 1_000)} s`,
      ),
    failed: (error: unknown) =>
      warn(`the lock of the home: ${error instanceof Error ? error.message : error}`),
    onFenced,
  }

  const beginning = begin().catch((error: Error) => {
    log.fatal(error)
    over.resolve(1)
  })
  const code = await over.promise
  session?.kill()
  server.close()
  server.closeAllConnections()
  return code
}

const read = readSettings(process.env)
if ('faults' in read) {
  for (const fault of read.faults) log.fatal(`The environment is wrong: ${fault}.`)
  process.exit(2)
}
try {
  process.exit(await live(read.settings))
} catch (error) {
  log.fatal(error)
  process.exit(1)
}
