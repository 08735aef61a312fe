import { randomInt, randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { Obstacle } from '../config/desktop-troubles.ts'
import { SCREEN_CLOSED } from '../config/names.ts'
import { type Clock, ofThisPc } from '../service/clock.ts'
import { EXIT } from '../service/program.ts'
import { BRIDGE_EXIT } from './exit.ts'
import { awaitHome } from './home/await.ts'
import { type Full, watchForFull } from './home/full.ts'
import { unusableIn } from './home/places.ts'
import { CHANCE, countOf } from './lock/decide.ts'
import { type Holding, type Listener, winHome } from './lock/hold.ts'
import { noteBeside, watchSince } from './lock/note.ts'
import { lockStore } from './lock/store.ts'
import type { Screen } from './screen.ts'
import { clearStaleLocks, showShared } from './session/belongings.ts'
import { type DesktopSession, startDesktopSession } from './session/run.ts'
import type { Settings } from './settings.ts'
import type { StandingKeeper } from './state.ts'

/** The life of one desktop: from a home that is checked to a session that has ended. */
export interface LiveDesktop {
  /** Resolves with the program's exit code when the desktop is over. */
  begin(): Promise<number>
  /** Ends the session, then gives the home back. */
  stop(): Promise<void>
  /** Shows the person a text; rejects when the desktop cannot. */
  message(text: string): Promise<void>
}

export interface LiveParts {
  readonly settings: Settings
  readonly log: Logger
  readonly clock: Clock
  readonly standing: StandingKeeper
  readonly screen: Screen
}

/** Ms that a stop waits for a home that is being claimed at this moment: it is given back, too. */
const CLAIM_PATIENCE = 2_000
/** Ms. Long enough for the goodbye to the viewer. */
const GOODBYE = 300

export function liveDesktop(parts: LiveParts): LiveDesktop {
  const { settings, log, clock, standing, screen } = parts
  const over = Promise.withResolvers<number>()
  const ending = new AbortController()
  let session: DesktopSession | undefined
  let holding: Holding | undefined
  let beginning: Promise<void> = Promise.resolve()

  const onFenced = (reason: string): void => {
    session?.kill()
    standing.phase('fenced', reason)
    screen.close(SCREEN_CLOSED.fenced, 'the desktop runs elsewhere')
    log.error({ reason }, 'this pod has lost the home; its session was ended')
    setTimeout(() => over.resolve(BRIDGE_EXIT.fenced), GOODBYE)
  }

  const enter = async (): Promise<void> => {
    const fault = await awaitHome(settings, clock, (why) => standing.phase('checking', why), ending.signal)
    if (ending.signal.aborted) return
    if (fault !== undefined) {
      log.fatal(`No desktop starts here: ${fault}.`)
      over.resolve(BRIDGE_EXIT.wrongHome)
      return
    }
    standing.foundHome()
    standing.phase('waiting')
    const listener = lockListener(parts, onFenced)
    const chance = () => randomInt(CHANCE)
    const seen = watchSince(await noteBeside(settings.home), ofThisPc(), clock.now())
    const store = lockStore(settings.home)
    holding = await winHome(store, settings.pod, clock, chance, listener, ending.signal, { seen })
    if (!holding || ending.signal.aborted) return
    standing.wonHome(countOf(holding.generation))
    standing.phase('starting')
    await prepareHome(parts)
    // It may have been fenced meanwhile.
    if (standing.now().phase !== 'starting') return
    session = startSession(parts, over.resolve)
    const failed = (error: unknown) => log.warn(`the person was not told that the home is full: ${error}`)
    const tell = (full: Full | undefined) => tellFull(parts, session, full)
    void watchForFull(settings.home, clock, { tell, failed }, ending.signal)
  }

  return {
    async begin() {
      beginning = enter().catch((error: Error) => {
        log.fatal(error)
        over.resolve(EXIT.failed)
      })
      return await over.promise.finally(() => session?.kill())
    },
    async stop() {
      standing.phase('stopping', 'the desktop is being stopped')
      ending.abort()
      await Promise.race([beginning, clock.sleep(CLAIM_PATIENCE)])
      await session?.stop()
      // The last step, since from here on another pod may start.
      await holding
        ?.release()
        .catch((error: Error) => log.warn(`the home was not given back: ${error.message}`))
      over.resolve(EXIT.done)
    },
    message: (text) => session?.message(text) ?? Promise.reject(new Error('no desktop runs')),
  }
}

/** What is in the way of a lock, by what the file system said. */
function lockObstacle(error: unknown): Obstacle {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return LOCK_OBSTACLES[code] ?? 'lock'
}

const LOCK_OBSTACLES: Readonly<Record<string, Obstacle>> = {
  ENOSPC: 'full',
  EDQUOT: 'quota',
  ...Object.fromEntries(
    ['EIO', 'EROFS', 'ESTALE', 'ETIMEDOUT', 'ENOTCONN', 'ECONNRESET', 'EHOSTDOWN', 'EHOSTUNREACH'].map(
      (code) => [code, 'storage' as const],
    ),
  ),
}

const lockListener = (
  { standing, log }: Pick<LiveParts, 'standing' | 'log'>,
  onFenced: Listener['onFenced'],
): Listener => ({
  waiting: ({ left }) =>
    standing.phase(
      'waiting',
      `another pod has the home; if it has died, it is free in ${Math.ceil(left / 1_000)} s`,
    ),
  failed(error) {
    const why = `the lock of the home: ${error instanceof Error ? error.message : error}`
    // The same once a second is told once; whoever has the home goes on.
    const { phase, generation, reason } = standing.now()
    if (reason !== why) log.warn(why)
    if (phase === 'waiting' && generation === undefined) standing.phase('waiting', why, lockObstacle(error))
  },
  onFenced,
})

/** In the log for administrators, on the page, and on the screen: nobody else sees that a program could not save. */
async function tellFull(
  { log, standing }: Pick<LiveParts, 'log' | 'standing'>,
  session: DesktopSession | undefined,
  full: Full | undefined,
): Promise<void> {
  standing.room(full && { what: full.what })
  if (full === undefined) return log.info('there is room in the home again')
  log.warn(`The home is full: ${full.text}`)
  await session?.message(full.text)
}

async function prepareHome({ settings: { home, shared }, log }: LiveParts): Promise<void> {
  const cleared = await clearStaleLocks(home)
  if (cleared.length > 0) log.info({ cleared }, 'locks of an ended pod are cleared away')
  await showShared(home, shared).catch((error: Error) => log.warn(`the shared folder: ${error.message}`))
}

const startSession = (
  { settings, clock, log, standing }: LiveParts,
  end: (code: number) => void,
): DesktopSession =>
  startDesktopSession(settings, randomUUID(), clock, {
    ready: () => standing.phase('ready'),
    ended(part, how) {
      log.warn({ part, how }, 'a part of the desktop ended')
      if (standing.now().phase === 'ready')
        standing.phase('starting', `${part} ended; the desktop starts anew`)
    },
    failing(reason, pause) {
      // Beside an end of the whole desktop this is no news.
      if (standing.now().phase !== 'starting') return
      log.error({ reason, pause }, 'the desktop ends again and again')
      standing.phase('starting', `${reason}; it is tried again`, 'session')
    },
    starts(found, bare) {
      const without = bare ? [] : unusableIn(found)
      if (bare) log.warn('the desktop starts without any settings of the home: with them it ended')
      for (const { what, place } of without) log.warn({ what, place }, 'the desktop does without this place')
      standing.places(bare ? [{ what: 'bare' }] : without)
    },
    gaveUp(reason) {
      log.fatal(reason)
      end(EXIT.failed)
    },
    log: (text) => log.debug(text),
  })
