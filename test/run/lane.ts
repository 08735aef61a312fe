import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PartResult } from './summary.ts'
import { NOTHING_READ, readTap } from './tap.ts'
import { watchdog } from './watchdog.ts'

/** One run of ava over some files, as a part of the whole. */
export interface Lane {
  readonly title: string
  /** Folder in which ava runs: that of its configuration. */
  readonly folder: string
  /** Arguments of ava: patterns of files and options. */
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** After so many milliseconds in which no test ended, what runs is ended. */
  readonly patience: number
}

/** What each lane needs of the run. */
export interface Surroundings {
  /** Tells a step or a verdict. */
  say(line: string): void
  /** Passes on what a test or a program printed. */
  print(line: string): void
  /** Ends the lane early; what it counted until then still counts. */
  readonly signal: AbortSignal
}

const AVA = join(import.meta.dirname, '../../node_modules/ava/entrypoints/cli.mjs')

/** How long ava has to end its test files when it is asked to, before it is ended with them; milliseconds. */
const GRACE = 2_000

/** How long ava itself may take to end after its last test file; milliseconds. */
const ENDING = 5_000

/**
 * Runs a lane and counts by ava's TAP lines. Never throws and always ends: a file that hangs is ended after the lane's
 * patience, ava itself after twice that, and whatever the tests left running goes with them.
 */
export async function runLane(lane: Lane, { say, print, signal }: Surroundings): Promise<PartResult> {
  say(lane.title)
  const records = mkdtempSync(join(tmpdir(), 'deskfleet-test-processes-'))
  const child = startAva(lane, records)
  const ended = endOf(child)
  const told: string[] = []
  const tell = (line: string): void => {
    say(`not ok  ${line}`)
    told.push(line)
  }

  const dog = watchdog(lane.patience, (times) => {
    const files = recorded(records, lane.folder)
    const names = files.map(({ file }) => file).join(', ') || 'no test file'
    tell(
      `${lane.title}: no test ended for ${(lane.patience * times) / 1000} s; running and now ended: ${names}`,
    )
    if (times > 1) endGroup(child, 'SIGKILL')
    else for (const { pid } of files) endMember(child, pid)
  })
  const over = (): void => {
    // A process that a test left may hold the pipes that ava reads, and ava would wait for it.
    const left = programsOf(child).join('; ')
    tell(`${lane.title}: all tests are over, but ava does not end; left by them: ${left || 'nothing'}`)
    endGroup(child, 'SIGKILL')
  }
  let waiting: NodeJS.Timeout | undefined
  const stop = async (): Promise<void> => {
    tell(`${lane.title}: ended early`)
    endGroup(child, 'SIGTERM')
    await Promise.race([ended, sleep(GRACE)])
    endGroup(child, 'SIGKILL')
  }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) void stop()

  let reading = NOTHING_READ
  let last = performance.now()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const next = readTap(reading, line, (performance.now() - last) / 1000)
    if (next.reading.tests !== reading.tests) last = performance.now()
    reading = next.reading
    if (next.shown?.how === 'timed') dog.heard()
    if (reading.over) waiting ??= setTimeout(over, ENDING)
    if (next.shown?.how === 'timed') say(next.shown.text)
    else if (next.shown) print(next.shown.text)
  })

  const how = await ended
  dog.end()
  clearTimeout(waiting)
  signal.removeEventListener('abort', stop)
  // What tests started and left is in ava's process group, and nothing else is.
  endGroup(child, 'SIGKILL')
  for (const { file, why } of recorded(records, lane.folder))
    tell(`${file}: ${why ?? 'its process did not end well'}`)
  rmSync(records, { recursive: true, force: true })

  const ran = reading.passed + reading.failed
  const silent = reading.failed === 0 && (how !== 'code 0' || ran === 0 || told.length > 0)
  if (silent) tell(`${lane.title}: ava ended with ${how} after ${ran} tests`)
  return {
    passed: reading.passed,
    failed: reading.failed + (silent ? 1 : 0),
    tests: reading.tests,
    failures: [...reading.failures, ...told],
    unsteady: [],
  }
}

function startAva({ folder, args, env }: Lane, records: string) {
  return spawn(process.execPath, [AVA, '--tap', ...args], {
    cwd: folder,
    env: { ...process.env, ...env, DESKFLEET_TEST_PROCESSES: records },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A process group of its own: it can be ended with all that its tests start.
    detached: true,
  })
}

/** Resolves when ava has ended and all that it wrote is read, with how: `code 1`, `SIGKILL`. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((done) => {
    child.once('error', (error) => done(error.message))
    child.once('exit', (code, signal) => {
      const how = signal ?? `code ${code}`
      // What tests left running may hold the pipe open for ever.
      const waiting = setTimeout(() => done(how), GRACE)
      child.once('close', () => {
        clearTimeout(waiting)
        done(how)
      })
    })
  })
}

interface TestProcess {
  readonly pid: number
  readonly file: string
  /** What it told of why it ended badly. */
  readonly why?: string
}

/** The test files whose processes run, or ended badly: each wrote its name when it began. */
function recorded(records: string, folder: string): TestProcess[] {
  return readdirSync(records).map((name) => {
    const [file = '', why] = readFileSync(join(records, name), 'utf8').split('\n')
    return { pid: Number(name), file: relative(folder, file), ...(why === undefined ? {} : { why }) }
  })
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined) send(-child.pid, signal)
}

/** Ends one process of ava's group; a pid that belongs to somebody else by now is left alone. */
function endMember(child: ChildProcess, pid: number): void {
  if (groupOf(pid) === child.pid) send(pid, 'SIGKILL')
}

/** The command lines of what runs in ava's process group, ava itself left out. */
function programsOf(child: ChildProcess): string[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== child.pid && groupOf(pid) === child.pid)
    .map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim())
}

function groupOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command's name is in parentheses and may hold anything, so fields are counted after the last one.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2])
  } catch {
    return undefined
  }
}

function send(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
