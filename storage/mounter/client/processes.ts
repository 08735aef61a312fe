import { join } from 'node:path'
import { z } from 'zod'
import { PC_PATTERN } from '../../../config/names.ts'
import { must } from '../../bounded.ts'
import type { ClientProcess, Step } from './facts.ts'
import { type Places, VERSION_PATTERN } from './places.ts'

export interface RunningClient extends ClientProcess {
  readonly number: number
  readonly pid: number | undefined
}

/** The FUSE processes of this PC. They live whatever becomes of the mounter and its pod. */
export interface Processes {
  list(): Promise<RunningClient[]>
  start(step: Extract<Step, { step: 'start' }>): Promise<void>
  stop(number: number): Promise<void>
}

/** What a process is started with, after the way into the PC: its script, in a mount namespace of its own. */
export const commandOf = (
  { number, version, servers }: Extract<Step, { step: 'start' }>,
  { laid, tls, names, logs, volumes }: Places,
): string[] => [
  ...['unshare', '--mount', '--propagation', 'unchanged', '--', 'sh', join(laid, version, 'start')],
  ...[join(laid, version), tls, names, logs, volumes, `${number}`],
  ...servers,
]

/** Into the namespaces of the PC's first process. Needs hostPID and a privileged container. */
export const INTO_PC = [
  ...['nsenter', '--target', '1', '--mount', '--uts', '--ipc', '--net', '--pid', '--'],
  ...['env', '-i', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C.UTF-8'],
] as const

const UNIT = /^deskfleet-homes-(\d{1,9})\.service$/
const unitOf = (number: number): string => `deskfleet-homes-${number}.service`

/** What a unit says of its client; written by `start` below. */
const Description = z.object({
  version: z.string().regex(VERSION_PATTERN),
  servers: z.array(z.string().regex(PC_PATTERN)),
})

const LIMIT = 15_000

/** As transient units of the PC's systemd, which starts none of them again: the mounter decides. */
export function systemdProcesses(places: Places, intoPc: readonly string[] = INTO_PC): Processes {
  const onPc = (...args: string[]): Promise<string> => {
    const [program = '', ...rest] = [...intoPc, ...args]
    return must(program, rest, LIMIT)
  }
  return {
    async list() {
      const properties = 'Id,ActiveState,MainPID,Environment,ActiveEnterTimestampMonotonic'
      const shown = await onPc(
        'systemctl',
        ...['show', '--all', '--type=service', `--property=${properties}`, '--', 'deskfleet-homes-*.service'],
      )
      const uptime = Number((await onPc('cat', '/proc/uptime')).split(' ')[0]) * 1_000
      return unitsIn(shown, uptime)
    },
    async start(step) {
      const { number, version, servers } = step
      const description = JSON.stringify(Description.parse({ version, servers }))
      await onPc(
        'systemd-run',
        ...[`--unit=${unitOf(number)}`, '--collect', '--quiet', '--service-type=exec'],
        `--description=Homes of this PC's people, from the Gluster volume`,
        // Beside the pods, not among them; and of the last to be ended where memory runs out.
        ...['--slice=deskfleet-homes.slice', '--property=OOMScoreAdjust=-990'],
        ...['--property=MemoryAccounting=yes', '--property=CPUAccounting=yes'],
        ...['--property=LimitNOFILE=65536', '--property=Restart=no', '--property=TimeoutStopSec=10'],
        // At shutdown what is ordered before is stopped after: desktops first, then their homes, then the network.
        ...['--property=Before=kubelet.service containerd.service', '--property=After=network.target'],
        // No shell reads this, and systemd only shows it again.
        `--setenv=DESKFLEET_CLIENT=${Buffer.from(description).toString('base64url')}`,
        '--',
        ...commandOf(step, places),
      )
    },
    stop: async (number) => void (await onPc('systemctl', 'stop', '--', unitOf(number))),
  }
}

/** What `systemctl show` says of our units. One that is not ours to read counts as started from nothing known. */
export function unitsIn(shown: string, uptime: number): RunningClient[] {
  return shown.split('\n\n').flatMap((block) => {
    const said = new Map(
      block.split('\n').map((line) => {
        const at = line.indexOf('=')
        return [line.slice(0, at), line.slice(at + 1)] as const
      }),
    )
    const number = UNIT.exec(said.get('Id') ?? '')?.[1]
    if (number === undefined) return []
    const state = said.get('ActiveState')
    const written = /(?:^| )DESKFLEET_CLIENT=([\w-]+)/.exec(said.get('Environment') ?? '')?.[1] ?? ''
    const description = readDescription(Buffer.from(written, 'base64url').toString())
    const began = Number(said.get('ActiveEnterTimestampMonotonic') ?? 0) / 1_000
    const pid = Number(said.get('MainPID') ?? 0)
    return [
      {
        number: Number(number),
        ...description,
        runs: state === 'active' || state === 'activating',
        age: Math.max(0, began > 0 ? uptime - began : 0),
        pid: pid > 0 ? pid : undefined,
      },
    ]
  })
}

function readDescription(text: string): z.infer<typeof Description> {
  try {
    return Description.parse(JSON.parse(text))
  } catch {
    return { version: '', servers: [] }
  }
}
