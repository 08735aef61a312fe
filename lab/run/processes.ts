import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'

/** A process so described that no other one can be mistaken for it, whoever gets its pid later. */
export const ProcessIdentity = z.object({
  pid: z.int().min(2),
  /** Clock ticks since boot at which it started: field 22 of /proc/PID/stat. */
  startTime: z.string(),
  /** The boot it belongs to: after a reboot pids and start times begin anew. */
  boot: z.string(),
  /** The file it was started from; empty when this user may not see that. */
  executable: z.string(),
})
export type ProcessIdentity = Readonly<z.infer<typeof ProcessIdentity>>

/** What runs under a pid now, or undefined when nothing does (a zombie is nothing). */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command's name is in parentheses and may hold anything, so fields are counted after the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, startTime] = [fields[0], fields[19]]
    if (state === 'Z' || state === 'X' || !startTime) return undefined
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return { pid, startTime, boot, executable: executableOf(pid) }
  } catch {
    return undefined
  }
}

/** Whether that very process still runs. */
export function isAlive(process: ProcessIdentity): boolean {
  const now = identify(process.pid)
  return (
    now?.startTime === process.startTime && now.boot === process.boot && now.executable === process.executable
  )
}

/** Without the mark that Linux adds when the file has been replaced or removed since. */
function executableOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '')
  } catch {
    return ''
  }
}

/** Resident memory of a process in MiB, or undefined when it is gone. */
export function residentMiB(pid: number): number | undefined {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return kib ? Math.round(Number(kib) / 1024) : undefined
  } catch {
    return undefined
  }
}

/** Every process whose environment holds exactly `entry` (as `NAME=value`): how children of a run are found. */
export function withEnvironment(entry: string): ProcessIdentity[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && carries(Number(name), entry))
    .flatMap((name) => identify(Number(name)) ?? [])
}

/** Whether a process was started with exactly `entry` in its environment. */
export const carries = (pid: number, entry: string): boolean => environmentOf(pid).includes(entry)

/** As it was started with, `NAME=value` each; empty when this user may not see it. */
function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/** The pids of what a process started itself. */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
        .trim()
        .split(' ')
        .filter(Boolean)
        .map(Number),
    )
  } catch {
    return []
  }
}

/**
 * What a process started, at any depth, and of that only what no run of the lab owns: compilers, package managers,
 * calls into a machine.
 */
export function helpersOf(pid: number): ProcessIdentity[] {
  return childrenOf(pid)
    .filter((child) => !environmentOf(child).some((entry) => entry.startsWith('DESKFLEET_LAB_RUN=')))
    .flatMap((child) => [identify(child) ?? [], helpersOf(child)].flat())
}

/** Ends processes: `signal` to all, then SIGKILL to those that still run after `patience` milliseconds. */
export async function end(
  processes: readonly ProcessIdentity[],
  signal: NodeJS.Signals = 'SIGTERM',
  patience = 5_000,
): Promise<void> {
  send(processes, signal)
  if (await gone(processes, patience)) return
  send(processes, 'SIGKILL')
  if (await gone(processes, 5_000)) return
  const left = processes.filter(isAlive).map((process) => process.pid)
  throw new Error(`process ${left.join(', ')} did not end within 5 s of SIGKILL: it hangs in the kernel`)
}

function send(processes: readonly ProcessIdentity[], signal: NodeJS.Signals): void {
  for (const one of processes) {
    if (!isAlive(one)) continue
    try {
      process.kill(one.pid, signal)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }
}

async function gone(processes: readonly ProcessIdentity[], patience: number): Promise<boolean> {
  const deadline = Date.now() + patience
  while (processes.some(isAlive)) {
    if (Date.now() > deadline) return false
    await sleep(20)
  }
  return true
}
