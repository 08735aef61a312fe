import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { lstat, readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Clock } from '../../lease/clock.ts'
import type { Settings } from '../settings.ts'
import { makePlaces } from './belongings.ts'
import {
  CHECKPOINT,
  type Command,
  DESKTOP_SESSION,
  environmentOf,
  mayRestart,
  messageBus,
  type Places,
  placesIn,
  RESTARTS,
  X_SOCKET,
  xServer,
} from './plan.ts'
import { signalMarked } from './processes.ts'

const run = promisify(execFile)

/** The X server and XFCE of one desktop, kept running. */
export interface Session {
  readonly places: Places
  /** Ends every process of it, at once and without a goodbye. */
  kill(): void
  /** Saves which programs are open, then ends; within about 7 s. */
  stop(): Promise<void>
  /** Shows the person a text; rejects when the desktop cannot. */
  message(text: string): Promise<void>
}

export interface SessionListener {
  /** Up to the window manager: a viewer sees a desktop. */
  ready(): void
  /** A part ended by itself; it starts anew. */
  ended(part: string, how: string): void
  /** It ended too often, or never came up. */
  gaveUp(reason: string): void
  log(text: string): void
}

/** Milliseconds for X, the bus and the window manager to be there. */
const PATIENCE = 20_000

/** Starts a session in a home that this pod has. `mark` is a word that no other process carries. */
export function startSession(
  settings: Settings,
  mark: string,
  clock: Clock,
  listener: SessionListener,
): Session {
  const places = placesIn(settings.run)
  const ending = new AbortController()
  let environment: Record<string, string> = {}
  const kill = (): void => {
    ending.abort()
    signalMarked(mark, 'SIGKILL')
  }

  const life = async (): Promise<void> => {
    const locales = await readdir('/usr/lib/locale').catch(() => [])
    environment = environmentOf(settings, places, mark, locales)
    const starts: number[] = []
    while (!ending.signal.aborted) {
      if (!mayRestart(starts, clock.now())) {
        return listener.gaveUp(`the desktop ended ${RESTARTS.times} times in ${RESTARTS.within / 1_000} s`)
      }
      starts.push(clock.now())
      await makePlaces(settings, places)
      await oneLife()
      // Whatever of it is left would hold the display.
      if (!ending.signal.aborted) signalMarked(mark, 'SIGKILL')
      await clock.sleep(200, ending.signal)
    }
  }

  const oneLife = async (): Promise<void> => {
    const over = Promise.withResolvers<void>()
    const start = (command: Command): ChildProcess => {
      const child = begin(command, environment, settings.home, listener)
      child.once('close', (code, signal) => {
        if (!ending.signal.aborted) listener.ended(command.name, signal ?? `code ${code}`)
        over.resolve()
      })
      return child
    }
    const x = start(xServer(settings, places))
    const there = async (path: string): Promise<boolean> =>
      until(
        () => answers(path),
        clock,
        ending.signal,
        () => x.exitCode !== null || x.signalCode !== null,
      )
    if (!(await there(places.screen)) || !(await there(X_SOCKET))) return
    start(messageBus(places))
    const layout = run('setxkbmap', ['-layout', ...layoutOf(settings.keyboard)], { env: environment })
    if (!(await there(places.bus))) return
    await layout.catch((error: Error) => listener.log(`the keyboard layout: ${error.message}`))
    if (ending.signal.aborted) return
    start(DESKTOP_SESSION)
    await until(
      () => managed(environment),
      clock,
      ending.signal,
      () => false,
    )
    if (ending.signal.aborted) return
    listener.ready()
    await over.promise
  }

  life().catch((error: Error) => listener.gaveUp(error.message))
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
  listener: SessionListener,
): ChildProcess {
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  child.once('error', (error) => listener.log(`${name}: ${error.message}`))
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter(Boolean)) listener.log(`${name}: ${line.slice(0, 500)}`)
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
  check: () => Promise<boolean>,
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

/** Whether somebody listens at a unix socket. */
const answers = (path: string): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      done(true)
    })
    socket.once('error', () => done(false))
  })

/** Whether a window manager runs: from then on a viewer sees a desktop and not an empty screen. */
const managed = (env: Record<string, string>): Promise<boolean> =>
  run('xprop', ['-root', '_NET_SUPPORTING_WM_CHECK'], { env, timeout: 2_000 }).then(
    ({ stdout }) => stdout.includes('window id'),
    () => false,
  )

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
