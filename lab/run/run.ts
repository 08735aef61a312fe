import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { carries, end, identify, isAlive, type ProcessIdentity } from './processes.ts'
import { changeRecord, readRecord, type Started, withoutProcess, withProcess } from './record.ts'

/** In the environment of everything a run starts, so that children that nobody recorded are found as well. */
export const MARK = 'DESKFLEET_LAB_RUN'

export interface StartOptions {
  readonly env?: Record<string, string>
  readonly cwd?: string
  readonly uid?: number
  readonly gid?: number
  /** The executable's file name, where `command` is a wrapper that replaces itself by it (sh, nsenter). */
  readonly becomes?: string
}

/** Starts a recorded process of a run; resolves with its pid. */
export type Start = (
  id: string,
  command: string,
  args: readonly string[],
  options?: StartOptions,
) => Promise<number>

/** What the lab says of its own processes, beside what a caller may ask for. */
export interface OwnStartOptions extends StartOptions {
  /** A guest's death does not make the lab a crashed one. */
  readonly guest?: boolean
}

/**
 * Starts a detached, recorded process of the run in `dir`. The record names it before it exists, so that a crash
 * of this command between the two leaves a process that `endRun` still finds by its mark.
 */
export async function startProcess(
  dir: string,
  id: string,
  command: string,
  args: readonly string[],
  options: OwnStartOptions = {},
): Promise<number> {
  if (!/^[a-z0-9][a-z0-9.-]*$/.test(id))
    throw new Error(`"${id}" cannot name a process: use a-z, 0-9, "-", "."`)
  const log = join(dir, `${id}.log`)
  const intent: Started = { id, command, args: [...args], log, guest: options.guest ?? false }
  await changeRecord(dir, (record) => {
    const before = record.processes.find((one) => one.id === id)
    if (before && isRunning(dir, before)) throw new Error(`${id} already runs in this lab: stop it first`)
    return withProcess(intent)(record)
  })
  const pid = await launch(dir, intent, options)
  const process = await settled(pid, options.becomes)
  // One that ended at once keeps its entry without a pid: its log stays named, and nothing can be signalled.
  if (process) await changeRecord(dir, withProcess({ ...intent, process }))
  return pid
}

/** Ends one recorded process and forgets it; one that is gone already is only forgotten. */
export async function stopProcess(
  dir: string,
  id: string,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<void> {
  const found = readRecord(dir)?.processes.find((one) => one.id === id)
  if (!found) throw new Error(`nothing called ${id} was started in the lab at ${dir}`)
  await end(processOf(dir, found), signal)
  await changeRecord(dir, withoutProcess(id))
}

/**
 * The process of an entry, as it can be ended now. One that became another executable after it was recorded is still
 * itself where pid, start and boot are the recorded ones and its environment says that this run started it.
 */
export function processOf(dir: string, { process: known }: Started): ProcessIdentity[] {
  if (!known) return []
  const now = identify(known.pid)
  const itself = now?.startTime === known.startTime && now.boot === known.boot
  return [now && itself && carries(known.pid, `${MARK}=${dir}`) ? now : known]
}

/** Whether the process of an entry still runs. */
export const isRunning = (dir: string, started: Started): boolean => processOf(dir, started).some(isAlive)

/** The last lines of a process's log, for a message about its failure. */
export function logTail(dir: string, id: string, lines = 8): string {
  const log = join(dir, `${id}.log`)
  return existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n') : ''
}

/** Whether the process recorded under `id` still runs. */
export function runs(dir: string, id: string): boolean {
  const found = readRecord(dir)?.processes.find((one) => one.id === id)
  return found !== undefined && isRunning(dir, found)
}

function launch(dir: string, intent: Started, options: OwnStartOptions): Promise<number> {
  const log = openSync(intent.log, 'a', 0o600)
  const child = spawn(intent.command, intent.args, {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: options.cwd ?? dir,
    // Nothing of the caller's environment but PATH: no KUBECONFIG, proxy or secret reaches a component by chance.
    env: { PATH: process.env.PATH, HOME: dir, TMPDIR: join(dir, 'tmp'), ...options.env, [MARK]: dir },
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  })
  closeSync(log)
  return new Promise((done, fail) => {
    child.once('error', (error) =>
      fail(new Error(`cannot start ${intent.id} (${intent.command}): ${error.message}`)),
    )
    child.once('spawn', () => {
      child.unref()
      if (child.pid !== undefined) done(child.pid)
    })
  })
}

async function settled(pid: number, becomes: string | undefined): Promise<ProcessIdentity | undefined> {
  for (let waited = 0; becomes && waited < 30_000; waited += 10) {
    const now = identify(pid)
    if (!now || basename(now.executable) === becomes) return now
    await sleep(10)
  }
  return identify(pid)
}
