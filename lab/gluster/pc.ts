import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type CallOptions, type CallResult, call } from '../programs/call.ts'
import { childrenOf, end, identify, type ProcessIdentity } from '../run/processes.ts'
import { until } from '../run/readiness.ts'
import { readRecord } from '../run/record.ts'
import { logTail, runs, startProcess, stopProcess } from '../run/run.ts'
import { addressOf, hostsFile } from './addresses.ts'
import { deskRoot, glusterRoot, nfsRoot } from './root.ts'
import { besideSwitch, plugIn, pullCable, roomOf } from './wire.ts'

/**
 * `server` has a disk and runs glusterd; `kept` leaves that to whoever keeps it; `client` only mounts what others serve, and
 * `desk` has the programs of a desktop besides, `nfs` those of NFS.
 */
export type Role = 'server' | 'kept' | 'client' | 'desk' | 'nfs'
const ROLES: readonly Role[] = ['server', 'kept', 'client', 'desk', 'nfs']
export const hasDisk = (role: Role): role is 'server' | 'kept' => role === 'server' || role === 'kept'

/** A disk that XFS agrees to be on, and a little more. Only what is written takes room on the machine. */
const DISK_MIB = 400

/** The Debian that a PC of that role stands on. */
const lowerOf = (role: Role): Promise<string> =>
  role === 'desk' ? deskRoot() : role === 'nfs' ? nfsRoot() : glusterRoot()

/** What a PC wrote, and its disk. */
export const folderOf = (dir: string, name: string): string => join(roomOf(dir), 'pcs', name)
const disk = (dir: string, name: string): string => join(folderOf(dir, name), 'disk.img')
const roleFile = (dir: string, name: string): string => join(folderOf(dir, name), 'role')
export const roleOf = (dir: string, name: string): Role => {
  const written = readFileSync(roleFile(dir, name), 'utf8')
  return ROLES.find((role) => role === written) ?? 'client'
}

/** Lays down a PC that is off: its role, and an empty disk where it has one. Resolves with its writable root. */
export async function layDown(dir: string, name: string, role: Role): Promise<string> {
  const upper = join(folderOf(dir, name), 'upper')
  mkdirSync(upper, { recursive: true })
  writeFileSync(roleFile(dir, name), role)
  if (hasDisk(role)) await giveDisk(dir, name)
  return upper
}

/** An empty disk in the place of any that it had, for a PC that is off. */
export async function giveDisk(dir: string, name: string): Promise<void> {
  const image = disk(dir, name)
  writeFileSync(image, '')
  truncateSync(image, DISK_MIB * 1024 * 1024)
  const root = await glusterRoot()
  // Made by the release whose kernel tools mount it, not by the machine's; the file is all that it touches.
  const made = await call('unshare', [
    ...['--mount', '--propagation', 'private', 'sh', '-euc'],
    'mount --bind "$(dirname "$2")" "$1/mnt"; exec chroot "$1" mkfs.xfs -q -i size=512 /mnt/disk.img',
    ...['mkfs', root, image],
  ])
  if (made.code !== 0) throw new Error(`cannot make a disk for ${name}: ${made.stderr.trim()}`)
}

/** Switches a PC on with what it has; resolves once its glusterd answers. */
export async function powerOn(dir: string, name: string): Promise<void> {
  const [role, address] = [roleOf(dir, name), addressOf(roomOf(dir), name)]
  const lower = await lowerOf(role)
  const script = join(import.meta.dirname, 'pc.sh')
  const spaces = ['--mount', '--net', '--pid', '--uts', '--ipc', '--propagation', 'private']
  const pc = ['sh', script, folderOf(dir, name), lower, name, hostsFile(roomOf(dir)), role]
  const args = [...besideSwitch(dir), 'unshare', ...spaces, '--fork', '--kill-child', ...pc]
  await startProcess(dir, name, 'nsenter', args, { guest: true })
  const lives = (): boolean => runs(dir, name)
  const failed = (reason: string): Error => new Error(`${reason}\n${logTail(dir, name)}`)
  const begun = await until(name, 10_000, async () => firstProcess(dir, name) !== undefined, lives)
  if (!begun.ready) throw failed(begun.reason)
  await plugIn(dir, name, insideOf(dir, name), address)
  const on = async (): Promise<boolean> =>
    role === 'server' ? glusterdAnswers(dir, name) : existsSync(join(rootOf(dir, name), 'run/on'))
  const outcome = await until(name, 30_000, on, lives)
  if (!outcome.ready) throw failed(outcome.reason)
}

/** As if its plug were pulled: no goodbye to anybody, neither from its programs nor from its kernel. */
export async function powerOff(dir: string, name: string): Promise<void> {
  const outer = unshareOf(dir, name)
  // With the cable gone first, the kernel's farewell to open connections reaches nobody.
  await pullCable(dir, name)
  if (outer) await end([outer], 'SIGKILL')
  await stopProcess(dir, name)
}

export interface ExecOptions extends Pick<CallOptions, 'input'> {
  /** Ends it after so many milliseconds. @default 30 s */
  readonly timeout?: number
}

/** Runs a program in a PC that is on. One that is ended by its limit has the exit code 124. */
export function exec(
  dir: string,
  name: string,
  args: readonly string[],
  { timeout = 30_000, ...options }: ExecOptions = {},
): Promise<CallResult> {
  // The limit is kept inside: ending nsenter alone would leave the program behind.
  const limited = ['timeout', '--kill-after=1', String(timeout / 1000), ...args]
  const inside = [
    '--target',
    String(insideOf(dir, name)),
    '--mount',
    '--net',
    '--pid',
    '--ipc',
    '--uts',
    '--',
  ]
  return call('nsenter', [...inside, ...CLEAN, ...limited], { ...options, timeout: timeout + 5_000 })
}

/** The same as a command that another program may put before its own. Whoever ends its process group ends that, too. */
export const wayInto = (dir: string, name: string): readonly string[] => [
  'nsenter',
  ...['--target', String(insideOf(dir, name)), '--mount', '--net', '--pid', '--ipc', '--uts', '--'],
  ...CLEAN,
]

const CLEAN = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C.UTF-8', 'HOME=/root']

export const isOn = (dir: string, name: string): boolean =>
  runs(dir, name) && firstProcess(dir, name) !== undefined

/** The root of a PC that is on, as the machine sees it. Follow no links in there: they lead out of it. */
export const rootOf = (dir: string, name: string): string => `/proc/${insideOf(dir, name)}/root`

/** The pid of its first process, as the machine counts. @throws when it is off */
export function insideOf(dir: string, name: string): number {
  const pid = firstProcess(dir, name)
  if (pid === undefined) throw new Error(`${name} is off`)
  return pid
}

function firstProcess(dir: string, name: string): number | undefined {
  const outer = unshareOf(dir, name)
  return outer && childrenOf(outer.pid)[0]
}

/** The process that is recorded waits for this one, which ends all of the PC with itself. */
function unshareOf(dir: string, name: string): ProcessIdentity | undefined {
  const recorded = readRecord(dir)?.processes.find((one) => one.id === name)?.process
  if (!recorded || !runs(dir, name)) return undefined
  const found = childrenOf(recorded.pid).flatMap((pid) => identify(pid) ?? [])[0]
  return found && basename(found.executable) === 'unshare' ? found : undefined
}

/** Whether glusterd listens, to the others and to its own command line. */
function glusterdAnswers(dir: string, name: string): boolean {
  const pid = firstProcess(dir, name)
  if (pid === undefined) return false
  const port = `:${(24_007).toString(16).toUpperCase()} 00000000:0000 0A`
  try {
    return (
      readFileSync(`/proc/${pid}/net/tcp`, 'latin1').includes(port) &&
      existsSync(`/proc/${pid}/root/run/glusterd.socket`)
    )
  } catch {
    return false
  }
}
