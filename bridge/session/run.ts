import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cut } from '../../config/cut.ts'
import type { Clock } from '../../service/clock.ts'
import { listens } from '../../service/listens.ts'
import { type HomePlaces, lookAtPlaces } from '../home/places.ts'
import type { Settings } from '../settings.ts'
import { makePlaces, settle } from './belongings.ts'
import { type Life, nextLife } from './lives.ts'
import {
  CHECKPOINT,
  type Command,
  DESKTOP_SESSION,
  environmentOf,
  messageBus,
  type Places,
  placesIn,
  X_SOCKET,
  xServer,
} from './plan.ts'
import { signalMarked } from './processes.ts'

const run = promisify(execFile)

/** The X server and XFCE of one desktop, kept running. */
export interface DesktopSession {
  readonly places: Places
  /** Ends every process of it, at once and without a goodbye. */
  kill(): void
  /** Saves which programs are open, then ends; within about 7 s. */
  stop(): Promise<void>
  /** Shows the person a text; rejects when the desktop cannot. */
  message(text: string): Promise<void>
}

export interface DesktopSessionListener {
  /** Up to the window manager, and nothing of it has ended: a viewer sees a desktop. */
  ready(): void
  /** A part ended by itself; it starts anew. */
  ended(part: string, how: string): void
  /** It ends again and again: why, and in how many ms it is started once more. */
  failing(reason: string, pause: number): void
  /** At what nobody expected. */
  gaveUp(reason: string): void
  /** With what of the home it starts; `bare`: with nothing, since it ended with that. */
  starts(found: HomePlaces, bare: boolean): void
  log(text: string): void
}

/** Milliseconds for X, the bus and the window manager to be there. */
const PATIENCE = 20_000
/** Ms between looks whether the window manager is still there. */
const LOOK = 10_000
/** Looks in a row at which there is none until that is told, and until the session starts anew. */
const [GONE, LOST] = [2, 5]
/** Lives that are remembered. */
const MEMORY = 20

/** Starts a session in a home that this pod has. `mark` is a word that no other process carries. */
export function startDesktopSession(
  settings: Settings,
  mark: string,
  clock: Clock,
  listener: DesktopSessionListener,
): DesktopSession {
  const places = placesIn(settings.run)
  const ending = new AbortController()
  let environment: Record<string, string> = {}
  const kill = (): void => {
    ending.abort()
    signalMarked(mark, 'SIGKILL')
  }

  const live = async (): Promise<void> => {
    const locales = await readdir('/usr/lib/locale').catch(() => [])
    let lives: readonly Life[] = []
    let bare = false
    while (!ending.signal.aborted) {
      const began = clock.now()
      const life = await begun(locales, bare).catch(
        (error: Error): Omit<Life, 'lasted'> => ({ ready: false, by: 'the bridge', how: error.message }),
      )
      if (ending.signal.aborted) return
      // Whatever of it is left would hold the display.
      signalMarked(mark, 'SIGKILL')
      listener.ended(life.by, life.how)
      lives = [...lives, { ...life, lasted: clock.now() - began }].slice(-MEMORY)
      const next = nextLife(lives)
      bare ||= next.bare
      if (next.failed !== undefined)
        listener.failing(`the desktop ended ${next.failed} times in a row, last: ${life.how}`, next.pause)
      await clock.sleep(next.pause, ending.signal)
    }
  }

  const begun = async (locales: readonly string[], bare: boolean): Promise<Omit<Life, 'lasted'>> => {
    const found = await lookAtPlaces(settings.home)
    await makePlaces(settings, places)
    const elsewhere = await settle(settings, places, found, bare)
    environment = environmentOf(settings, places, mark, locales, elsewhere)
    if (ending.signal.aborted) throw new Error('it is being stopped')
    listener.starts(found, bare)
    return await oneLife()
  }

  const oneLife = async (): Promise<Omit<Life, 'lasted'>> => {
    let first: Pick<Life, 'by' | 'how'> | undefined
    const over = Promise.withResolvers<void>()
    const end = (by: string, how: string): void => {
      first ??= { by, how: `${by} ${how}` }
      over.resolve()
    }
    const isOver = (): boolean => first !== undefined
    const start = (command: Command): void => {
      const child = begin(command, environment, settings.home, listener)
      // Not `close`: programs that it started hold its output, and may live on.
      child.once('exit', (code, signal) => end(command.name, `ended (${signal ?? `code ${code}`})`))
      child.once('error', (error) => end(command.name, `does not start (${error.message})`))
    }
    const came = (ready: boolean): Omit<Life, 'lasted'> => ({
      ready,
      ...(first ?? { by: 'the bridge', how: 'it is being stopped' }),
    })
    /** Whether something becomes so before a part ends, and in time. */
    const becomes = async (what: string, check: () => Promise<boolean | undefined>): Promise<boolean> => {
      const there = await until(check, clock, ending.signal, isOver)
      if (!there && !ending.signal.aborted) end(what, `did not come within ${PATIENCE / 1_000} s`)
      return there && !isOver()
    }
    const x = xServer(settings, places)
    start(x)
    for (const path of [places.screen, X_SOCKET])
      if (!(await becomes(x.name, () => listens(path)))) return came(false)
    start(messageBus(places))
    const layout = run('setxkbmap', ['-layout', ...layoutOf(settings.keyboard)], { env: environment })
    layout.catch(() => {})
    if (!(await becomes('dbus-daemon', () => listens(places.bus)))) return came(false)
    await layout.catch((error: Error) => listener.log(`the keyboard layout: ${error.message}`))
    if (ending.signal.aborted) return came(false)
    start(DESKTOP_SESSION)
    if (!(await becomes('window manager', () => managed(environment)))) return came(false)
    if (ending.signal.aborted) return came(false)
    listener.ready()
    const watch = watchManager(environment, clock, ending.signal, isOver, listener)
    await Promise.race([over.promise, watch])
    if (!ending.signal.aborted) end('window manager', 'is gone, and does not come back')
    return came(true)
  }

  live().catch((error: Error) => listener.gaveUp(error.message))
  return {
    places,
    kill,
    async stop() {
      await save(environment, places, clock).catch((error: Error) =>
        listener.log(`not saved: ${error.message}`),
      )
      ending.abort()
      for (const [signal, patience] of [
        ['SIGTERM', 1_500],
        ['SIGKILL', 500],
      ] as const) {
        const end = clock.now() + patience
        while (signalMarked(mark, signal) > 0 && clock.now() < end) await clock.sleep(100)
      }
    },
    async message(text) {
      await run(
        'notify-send',
        ['--app-name=Desktop', '--icon=dialog-information', '--urgency=critical', '--', 'Your desktop', text],
        {
          env: environment,
          timeout: 5_000,
        },
      )
    },
  }
}

function begin(
  { command, args, name }: Command,
  env: Record<string, string>,
  cwd: string,
  listener: DesktopSessionListener,
): ChildProcess {
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  child.once('error', (error) => listener.log(`${name}: ${error.message}`))
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter(Boolean)) listener.log(`${name}: ${cut(line, 500)}`)
    })
  }
  return child
}

/** `ch(fr)` as setxkbmap takes it: layout, and variant where there is one. */
const layoutOf = (keyboard: string): string[] => {
  const [, layout = 'us', variant] = /^([a-z]+)(?:\((.+)\))?$/.exec(keyboard) ?? []
  return variant === undefined ? [layout] : [layout, '-variant', variant]
}

async function until(
  check: () => Promise<boolean | undefined>,
  clock: Clock,
  signal: AbortSignal,
  hopeless: () => boolean,
): Promise<boolean> {
  const end = clock.now() + PATIENCE
  while (!signal.aborted && !hopeless() && clock.now() < end) {
    if (await check()) return true
    await clock.sleep(20, signal)
  }
  return false
}

/**
 * Whether a window manager runs: from then on a viewer sees a desktop and not an empty screen. Undefined when that could
 * not be found out, as on a busy PC. The note on the root window outlives who wrote it, so the window that it names must
 * say the same.
 */
async function managed(env: Record<string, string>): Promise<boolean | undefined> {
  const asked = async (...of: string[]): Promise<string | undefined> => {
    const answer = run('xprop', [...of, '_NET_SUPPORTING_WM_CHECK'], { env, timeout: 2_000 })
    return await answer.then(
      ({ stdout }) => /window id # (0x[0-9a-f]+)/.exec(stdout)?.[1] ?? '',
      (error: { readonly killed?: boolean }) => (error.killed ? undefined : ''),
    )
  }
  const window = await asked('-root')
  if (window === undefined || window === '') return window === undefined ? undefined : false
  const itself = await asked('-id', window)
  return itself === undefined ? undefined : itself === window
}

/** Resolves when there has been no window manager for long; tells of shorter times without one. */
async function watchManager(
  env: Record<string, string>,
  clock: Clock,
  signal: AbortSignal,
  isOver: () => boolean,
  listener: DesktopSessionListener,
): Promise<void> {
  let without = 0
  while (!signal.aborted && !isOver()) {
    await clock.sleep(LOOK, signal)
    const there = await managed(env)
    if (signal.aborted || isOver()) return
    if (there === undefined) continue
    if (there && without >= GONE) listener.ready()
    without = there ? 0 : without + 1
    if (without === GONE) listener.ended('window manager', 'is gone')
    if (without >= LOST) return
  }
}

/** Asks the session to note what is open, and waits until the note is there; at most 4 s. */
async function save(env: Record<string, string>, places: Places, clock: Clock): Promise<void> {
  const folder = join(places.cache, 'sessions')
  const newest = async (): Promise<number> => {
    const names = await readdir(folder)
    const stats = await Promise.all(names.map((name) => lstat(join(folder, name)).catch(() => undefined)))
    return Math.max(0, ...stats.map((stat) => stat?.mtimeMs ?? 0))
  }
  const before = await newest()
  await run(CHECKPOINT.command, CHECKPOINT.args, { env, timeout: 4_000 })
  const end = clock.now() + 3_000
  while ((await newest()) === before && clock.now() < end) await clock.sleep(50)
}
