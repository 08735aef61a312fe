import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type CallResult, call } from '../programs/call.ts'
import { childrenOf } from '../run/processes.ts'
import { until } from '../run/readiness.ts'
import { readRecord } from '../run/record.ts'
import { logTail, runs, startProcess } from '../run/run.ts'

/** The process that holds the switch and everything that is plugged into it: with it all ends at once. */
export const WIRE = 'wire'

/** The folder of a run's Gluster. */
export const roomOf = (dir: string): string => join(dir, 'gluster')

/** Starts the switch of the run in `dir`, unless it has one. */
export async function startWire(dir: string): Promise<void> {
  if (runs(dir, WIRE)) return
  mkdirSync(roomOf(dir), { recursive: true, mode: 0o700 })
  const spaces = ['--mount', '--net', '--pid', '--ipc', '--propagation', 'private', '--mount-proc']
  const script = join(import.meta.dirname, 'wire.sh')
  await startProcess(dir, WIRE, 'unshare', [...spaces, '--fork', '--kill-child', 'sh', script])
  const ready = (): Promise<boolean> =>
    inSwitch(dir, ['link', 'show', 'switch']).then(
      ({ code }) => code === 0,
      // It has no first process yet.
      () => false,
    )
  const outcome = await until('the switch of the PCs', 10_000, ready, () => runs(dir, WIRE))
  if (!outcome.ready) throw new Error(`${outcome.reason}: it needs root and iproute2\n${logTail(dir, WIRE)}`)
}

/** Arguments of nsenter that start a PC beside the switch, to end with it. */
export const besideSwitch = (dir: string): string[] => [
  ...['--target', String(holder(dir)), '--mount', '--net', '--pid', '--ipc', '--'],
]

/** Plugs a cable into the switch; its other end is eth0 of the process that is the PC. */
export async function plugIn(dir: string, name: string, pid: number, address: string): Promise<void> {
  const inside = ['eth0', 'netns', String(pid)]
  await must(dir, ['link', 'add', cable(name), 'type', 'veth', 'peer', 'name', ...inside])
  await must(dir, ['link', 'set', cable(name), 'master', 'switch'])
  await giveAddress(pid, address)
  await must(dir, ['link', 'set', cable(name), 'up'])
}

/** In the place of any that it had. */
export async function giveAddress(pid: number, address: string): Promise<void> {
  for (const args of [
    ['address', 'flush', 'dev', 'eth0'],
    ['address', 'add', `${address}/16`, 'dev', 'eth0'],
    ['link', 'set', 'eth0', 'up'],
  ])
    said(args, await call('nsenter', ['--target', String(pid), '--net', '--', 'ip', ...args]))
}

/** Packets to and from it vanish, and nobody is told. */
export const cutCable = (dir: string, name: string): Promise<void> =>
  must(dir, ['link', 'set', cable(name), 'down'])

export const mendCable = (dir: string, name: string): Promise<void> =>
  must(dir, ['link', 'set', cable(name), 'up'])

/** The kernel takes a dead PC's end away in its own time, and a new cable has the same name. */
export async function pullCable(dir: string, name: string): Promise<void> {
  await inSwitch(dir, ['link', 'delete', cable(name)])
}

/** An interface's name may have 15 characters. */
function cable(name: string): string {
  if (name.length > 13) throw new Error(`"${name}" is too long for a PC of the lab: 13 characters at most`)
  return `to${name}`
}

const inSwitch = async (dir: string, args: readonly string[]): Promise<CallResult> =>
  call('nsenter', ['--target', String(holder(dir)), '--net', '--', 'ip', ...args])

async function must(dir: string, args: readonly string[]): Promise<void> {
  said(args, await inSwitch(dir, args))
}

function said(args: readonly string[], { code, stderr }: CallResult): void {
  if (code !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr.trim()}`)
}

/** The pid, as the machine counts, of the first process inside. */
function holder(dir: string): number {
  const first = firstInside(dir)
  if (first === undefined) throw new Error('the switch of the PCs does not run')
  return first
}

function firstInside(dir: string): number | undefined {
  const started = readRecord(dir)?.processes.find((one) => one.id === WIRE)?.process
  return started && runs(dir, WIRE) ? childrenOf(started.pid)[0] : undefined
}
