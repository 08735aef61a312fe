import { DESKTOP } from '../../config/names.ts'
import type { BuiltImage } from '../images/context.ts'
import type { Machine } from '../machine/machine.ts'
import type { CallResult } from '../programs/call.ts'
import { ENTRY_UUID, LOGIN, UID } from './person.ts'

export interface DeskOptions {
  readonly image?: BuiltImage
  readonly env?: Readonly<Record<string, string>>
  readonly memory?: string
}

/** The container of a desktop that runs. */
export interface DesktopContainer {
  /** Runs a program in the container, as the person. */
  run(...args: readonly string[]): Promise<CallResult>
  /** SIGTERM, and SIGKILL after 15 s; resolves with the exit code and how long it took. */
  stop(): Promise<{ readonly code: number; readonly milliseconds: number }>
  kill(): Promise<void>
  log(): Promise<string>
  exitCode(): Promise<number>
  /** Bytes of memory that all its processes have to themselves or share in parts (PSS). */
  memory(): Promise<number>
}

/** Starts the container of a desktop, as bare as Kubernetes runs it. */
export async function startContainer(
  machine: Machine,
  name: string,
  port: number,
  { image = 'desktop-light', env = {}, memory }: DeskOptions,
): Promise<void> {
  const variables = {
    HOME: `/home/${LOGIN}`,
    USER: LOGIN,
    LOGNAME: LOGIN,
    SHELL: '/bin/bash',
    DESKFLEET_ENTRY_UUID: ENTRY_UUID,
    DESKFLEET_POD: name,
    DESKFLEET_PORT: String(port),
    ...env,
  }
  // As the kubelet makes an emptyDir in memory: root's, open to all.
  const scratch = (place: string): string => `/run/desks/${name}/${place}`
  for (const place of ['tmp', 'run']) {
    await machine.must(['mkdir', '--parents', '--mode=0777', scratch(place)])
    await machine.must(['mount', '-t', 'tmpfs', '-o', 'mode=0777,size=256m', place, scratch(place)])
  }
  await machine.must([
    ...['podman', 'run', '--detach', `--name=${name}`, '--hostname=desktop', '--network=host'],
    ...['--read-only', '--read-only-tmpfs=false', '--cap-drop=all', '--security-opt=no-new-privileges'],
    ...[`--user=${UID}:${UID}`, '--passwd=false', ...(memory ? [`--memory=${memory}`] : [])],
    ...[`--volume=${scratch('tmp')}:/tmp`, `--volume=${scratch('run')}:/run/desktop`, '--shm-size=256m'],
    ...['--volume=/share/u:/home', '--volume=/share/common:/mnt'],
    ...['--volume=/share/passwd:/etc/passwd:ro', '--volume=/share/group:/etc/group:ro'],
    `--volume=/share/keys-${name}:${DESKTOP.secrets}:ro`,
    ...Object.entries(variables).map(([key, value]) => `--env=${key}=${value}`),
    `localhost/${image}`,
  ])
}

/** The container of a desktop, as whoever runs the engine sees it. */
export function container(machine: Machine, name: string): DesktopContainer {
  const exitCode = async (): Promise<number> => Number((await machine.must(['podman', 'wait', name])).trim())
  return {
    exitCode,
    run: (...args) => machine.exec(['podman', 'exec', name, ...args]),
    async stop() {
      const began = performance.now()
      await machine.must(['podman', 'stop', '--time=15', name])
      return { milliseconds: performance.now() - began, code: await exitCode() }
    },
    kill: async () => void (await machine.must(['podman', 'kill', '--signal=KILL', name])),
    async log() {
      const { stdout, stderr } = await machine.exec(['podman', 'logs', name])
      return stdout + stderr
    },
    memory: () => memoryOf(machine, name),
  }
}

/** Of the readings by root and by the person the larger: which of the two may see all processes differs by kernel. */
async function memoryOf(machine: Machine, name: string): Promise<number> {
  const read = async (...as: string[]): Promise<number> => {
    const script = 'cat /proc/[0-9]*/smaps_rollup 2>/dev/null'
    const { stdout } = await machine.exec(['podman', 'exec', ...as, name, 'sh', '-c', script])
    const sizes = [...stdout.matchAll(/^Pss: +(\d+) kB$/gm)].map(([, kilobytes]) => Number(kilobytes))
    return sizes.reduce((total, one) => total + one, 0)
  }
  return Math.max(await read('--user=0'), await read()) * 1_024
}
