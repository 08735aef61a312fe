import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { debianTar } from '../debian.ts'
import { until } from '../readiness.ts'
import { readRecord } from '../record.ts'
import { logTail, runs, startProcess } from '../run.ts'
import { MACHINE } from './cgroups.ts'

const run = promisify(execFile)

/** The computer in which a room's container engine runs: namespaces and a Debian of its own, nothing of the host's. */
export interface Machine {
  /** Runs a program in it, as root, and resolves with what it wrote; the input goes to its stdin. */
  exec(args: readonly string[], options?: ExecOptions): Promise<ExecResult>
  /** Like `exec`, and throws with the end of stderr when the exit code is not 0. Resolves with stdout. */
  must(args: readonly string[], options?: ExecOptions): Promise<string>
  /** A folder of the host that it sees as `/share`. */
  readonly share: string
  /** Arguments of nsenter that lead a process of the host into its network alone. */
  readonly network: readonly string[]
}

export interface ExecOptions {
  readonly input?: string
  readonly env?: Record<string, string>
  /** Called with each line of stderr as it comes. */
  readonly onLine?: (line: string) => void
  /** Ends it after so many milliseconds; default: 10 minutes. */
  readonly timeout?: number
}

export interface ExecResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The release whose podman and runc run nodes on kernels with either kind of cgroups. */
const DEBIAN = {
  name: 'machine',
  suite: 'bookworm',
  packages: [
    ...['podman', 'runc', 'conmon', 'netavark', 'aardvark-dns', 'iptables', 'nftables', 'iproute2'],
    ...['tini', 'procps', 'util-linux', 'mount', 'kmod', 'ca-certificates', 'skopeo'],
  ],
}

/** Starts the machine of the run in `dir`, with the images of `store` (a folder) at hand. */
export async function startMachine(
  dir: string,
  store: string,
  progress: (line: string) => void,
): Promise<Machine> {
  const lower = await machineRoot(progress)
  const script = join(import.meta.dirname, 'machine.sh')
  const spaces = [
    '--mount',
    '--net',
    '--pid',
    '--ipc',
    '--uts',
    '--fork',
    '--kill-child',
    '--propagation',
    'private',
  ]
  await startProcess(dir, MACHINE, 'unshare', [...spaces, 'sh', script, dir, lower, store])
  const ready = (): Promise<boolean> => Promise.resolve(existsSync(join(dir, 'share', 'ready')))
  const outcome = await until("the room's machine", 20_000, ready, () => runs(dir, MACHINE))
  if (!outcome.ready) throw new Error(`${outcome.reason}\n${logTail(dir, MACHINE)}`)
  return openMachine(dir)
}

/** The running machine of the run in `dir`. */
export function openMachine(dir: string): Machine {
  const pid = firstProcess(dir)
  const enter = ['--target', String(pid), '--mount', '--net', '--pid', '--ipc', '--uts', '--']
  const exec = (args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> =>
    inside([...enter, 'env', '-i', ...environment(options.env), ...args], options)
  return {
    exec,
    async must(args, options) {
      const { code, stdout, stderr } = await exec(args, options)
      if (code === 0) return stdout
      throw new Error(`\`${args.slice(0, 6).join(' ')}\` in the room's machine: ${tail(stderr || stdout)}`)
    },
    share: join(dir, 'share'),
    network: ['--target', String(pid), '--net', '--'],
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

function inside(args: readonly string[], options: ExecOptions): Promise<ExecResult> {
  return new Promise((done, fail) => {
    const child = spawn('nsenter', args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeout ?? 600_000,
    })
    let [stdout, stderr, line] = ['', '', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      const lines = (line + text).split('\n')
      line = lines.pop() ?? ''
      for (const one of lines) options.onLine?.(one)
    })
    child.once('error', fail)
    child.once('close', (code) => done({ code: code ?? 1, stdout, stderr }))
    // A program that ends before it has read everything is judged by its exit code.
    child.stdin.once('error', () => {})
    child.stdin.end(options.input ?? '')
  })
}

/** The pid, as the host counts, of the first process inside: the only child of the recorded `unshare`. */
function firstProcess(dir: string): number {
  const pid = readRecord(dir)?.processes.find((one) => one.id === MACHINE)?.process?.pid
  if (pid === undefined || !runs(dir, MACHINE)) throw new Error("the room's machine does not run")
  const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]
  if (!child) throw new Error("the room's machine has no first process")
  return Number(child)
}

/** The unpacked Debian that all rooms of this machine stand on; made once, never written to afterwards. */
export async function machineRoot(progress: (line: string) => void = () => {}): Promise<string> {
  const tar = await debianTar(DEBIAN, progress)
  const config = createHash('sha256').update(JSON.stringify(FILES)).digest('hex').slice(0, 8)
  const root = `${tar.replace(/\.tar$/, '')}-${config}`
  if (existsSync(root)) return root
  const making = `${root}.making-${process.pid}`
  mkdirSync(making, { recursive: true })
  // Device nodes are the running machine's own affair.
  await run('tar', ['-xf', tar, '-C', making, '--exclude=./dev/*', '--numeric-owner'])
  for (const [path, { text, mode }] of Object.entries(FILES)) {
    mkdirSync(dirname(join(making, path)), { recursive: true })
    writeFileSync(join(making, path), text)
    chmodSync(join(making, path), mode)
  }
  if (existsSync(root)) rmSync(making, { recursive: true, force: true })
  else renameSync(making, root)
  return root
}

/** Puts a program of the cache where the machine runs it by name. */
export function installProgram(machine: Machine, name: string, file: string): string {
  mkdirSync(join(machine.share, 'bin'), { recursive: true })
  copyFileSync(file, join(machine.share, 'bin', name))
  chmodSync(join(machine.share, 'bin', name), 0o755)
  return `/share/bin/${name}`
}

/**
 * What makes podman the engine of a room. kind calls podman by name, so the wrapper in front of it adds what kind does
 * not say: the pinned address of each node (a control plane that comes back with another one is broken, since etcd's
 * certificate and peer URL keep the first), and one cgroup above all nodes, so that `down` can remove what is left.
 */
const FILES: Record<string, { text: string; mode: number }> = {
  'etc/containers/storage.conf': {
    mode: 0o644,
    text: `[storage]
driver = "overlay"
graphroot = "/var/lib/containers/storage"
runroot = "/run/containers/storage"
[storage.options]
additionalimagestores = ["/images"]
`,
  },
  'etc/containers/containers.conf': {
    mode: 0o644,
    text: `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
log_driver = "k8s-file"
[network]
network_backend = "netavark"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
`,
  },
  'etc/containers/policy.json': { mode: 0o644, text: '{"default":[{"type":"insecureAcceptAnything"}]}\n' },
  'usr/local/bin/podman': {
    mode: 0o755,
    text: `#!/bin/sh
if [ "$1" != run ]; then exec /usr/bin/podman "$@"; fi
shift
name=
previous=
for argument; do
  [ "$previous" != --name ] || name=$argument
  previous=$argument
done
address=$(sed -n "s/^$name //p" /share/addresses 2>/dev/null)
exec /usr/bin/podman run --cgroup-parent="$(cat /share/cgroup)" \${address:+--ip "$address"} "$@"
`,
  },
}
