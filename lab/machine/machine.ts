import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type CallOptions, type CallResult, call } from '../programs/call.ts'
import { cgroupOf } from '../run/cgroups.ts'
import { until } from '../run/readiness.ts'
import { type Ending, readRecord } from '../run/record.ts'
import { logTail, runs, startProcess } from '../run/run.ts'
import { machineRoot } from './root.ts'

/** The computer in which a container engine runs: namespaces and a Debian of its own, nothing of the host's. */
export interface Machine {
  /** Runs a program in it, as root, and resolves with what it wrote; the input goes to its stdin. */
  exec(args: readonly string[], options?: ExecOptions): Promise<CallResult>
  /** Like `exec`, and throws with the end of stderr when the exit code is not 0. Resolves with stdout. */
  must(args: readonly string[], options?: ExecOptions): Promise<string>
  /** A folder of the host that it sees as `/share`. */
  readonly share: string
  /** Arguments of nsenter that lead a process of the host into its network alone. */
  readonly network: readonly string[]
  /** The same, and `env`, for a process that lives in it. */
  readonly inside: readonly string[]
}

export interface ExecOptions extends Pick<CallOptions, 'input' | 'onLine'> {
  readonly env?: Record<string, string>
  /** Ends it after so many milliseconds. @default 10 minutes */
  readonly timeout?: number
}

/** The id of the process that holds the machine. */
const HOLDER = 'machine'

/** The first process holds everything: with it all ends at once, and nobody in there is worth a goodbye. */
export const MACHINE_ENDING: Ending = { killedFirst: [HOLDER], endedLast: [] }

/** Starts the machine of the run in `dir`, with the images of `store` (a folder) at hand. */
export async function startMachine(
  dir: string,
  store: string,
  progress: (line: string) => void,
): Promise<Machine> {
  const lower = await machineRoot(progress)
  mkdirSync(join(dir, 'share'), { recursive: true })
  writeFileSync(join(dir, 'share', 'cgroup'), cgroupOf(basename(dir)))
  const script = join(import.meta.dirname, 'machine.sh')
  const spaces = ['--mount', '--net', '--pid', '--ipc', '--uts', '--propagation', 'private']
  const args = [...spaces, '--fork', '--kill-child', 'sh', script, dir, lower, store]
  await startProcess(dir, HOLDER, 'unshare', args)
  const ready = (): Promise<boolean> => Promise.resolve(existsSync(join(dir, 'share', 'ready')))
  const outcome = await until('the machine of the run', 20_000, ready, () => runs(dir, HOLDER))
  if (!outcome.ready) throw new Error(`${outcome.reason}\n${logTail(dir, HOLDER)}`)
  return openMachine(dir)
}

/** The running machine of the run in `dir`. */
export function openMachine(dir: string): Machine {
  const pid = firstProcess(dir)
  const enter = ['--target', String(pid), '--mount', '--net', '--pid', '--ipc', '--uts', '--']
  const inside = (env?: Record<string, string>): string[] => [...enter, 'env', '-i', ...environment(env)]
  const exec: Machine['exec'] = (args, { env, timeout = 600_000, ...options } = {}) =>
    call('nsenter', [...inside(env), ...args], { ...options, timeout })
  return {
    exec,
    async must(args, options) {
      const { code, stdout, stderr } = await exec(args, options)
      if (code === 0) return stdout
      throw new Error(
        `\`${args.slice(0, 6).join(' ')}\` in the machine of the run: ${tail(stderr || stdout)}`,
      )
    },
    share: join(dir, 'share'),
    network: ['--target', String(pid), '--net', '--'],
    inside: inside(),
  }
}

const environment = (env: Record<string, string> = {}): string[] =>
  Object.entries({
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    LC_ALL: 'C.UTF-8',
    ...env,
  }).map(([name, value]) => `${name}=${value}`)

const tail = (text: string): string => text.trim().split('\n').slice(-15).join('\n')

/** The pid, as the host counts, of the first process inside: the only child of the recorded `unshare`. */
function firstProcess(dir: string): number {
  const pid = readRecord(dir)?.processes.find((one) => one.id === HOLDER)?.process?.pid
  if (pid === undefined || !runs(dir, HOLDER)) throw new Error('the machine of the run does not run')
  const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]
  if (!child) throw new Error('the machine of the run has no first process')
  return Number(child)
}

/** Puts a program of the cache where the machine runs it by name. */
export function installProgram(machine: Machine, name: string, file: string): string {
  mkdirSync(join(machine.share, 'bin'), { recursive: true })
  copyFileSync(file, join(machine.share, 'bin', name))
  chmodSync(join(machine.share, 'bin', name), 0o755)
  return `/share/bin/${name}`
}
