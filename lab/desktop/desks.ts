import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect as connectUnix } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { HOME_MARKER, homeMarker } from '../../config/home-marker.ts'
import { DESKTOP } from '../../config/names.ts'
import { clearOrphans } from '../bare.ts'
import { issue, makeAuthority } from '../certificates.ts'
import { buildImages } from '../images/build.ts'
import type { BuiltImage } from '../images/context.ts'
import { runFolder } from '../places.ts'
import { identify } from '../processes.ts'
import { createRecord } from '../record.ts'
import { type ExecResult, type Machine, startMachine } from '../room/machine.ts'
import { endRun } from '../run.ts'
import { type DesktopAddress, type Viewer, view } from './viewer.ts'

/** The uid and gid of the one person of these desktops. */
export const UID = 12_345
const LOGIN = 'ada'
export const ENTRY_UUID = '11111111-2222-3333-4444-555555555555'

/** Desktops as containers of the real images, as bare as Kubernetes runs them, in a machine of their own. */
export interface Desks {
  readonly machine: Machine
  /** The person's home, as the host sees it. */
  readonly home: string
  /** The shared folder, as the host sees it. */
  readonly shared: string
  start(name: string, options?: DeskOptions): Promise<Desk>
  down(): Promise<void>
}

export interface DeskOptions {
  readonly image?: BuiltImage
  readonly env?: Readonly<Record<string, string>>
  readonly memory?: string
}

export interface Answer {
  readonly status: number
  readonly body: string
  readonly json: Record<string, unknown>
}

export interface Desk {
  readonly address: DesktopAddress
  view(token?: string): Promise<Viewer>
  /** An HTTPS request to the bridge; with its token unless another is given. */
  ask(
    method: string,
    path: string,
    options?: { readonly token?: string; readonly body?: string | Buffer },
  ): Promise<Answer>
  /** Waits until the bridge says `phase`; throws with what it said last. */
  becomes(phase: string, milliseconds?: number): Promise<void>
  /** Runs a program in the container, as the person. */
  run(...args: readonly string[]): Promise<ExecResult>
  /** SIGTERM, and SIGKILL after 15 s; resolves with the exit code and how long it took. */
  stop(): Promise<{ readonly code: number; readonly milliseconds: number }>
  kill(): Promise<void>
  log(): Promise<string>
  exitCode(): Promise<number>
  /** Bytes of memory that all its processes have to themselves or share in parts (PSS). */
  memory(): Promise<number>
}

/** Starts the machine and gives it the images. Needs root. */
export async function startDesks(
  name: string,
  images: readonly BuiltImage[],
  progress: (line: string) => void,
): Promise<Desks> {
  await clearOrphans(progress)
  const built = await buildImages(images, progress)
  const owner = identify(process.pid)
  const dir = createRecord({
    name,
    phase: 'starting',
    createdAt: new Date().toISOString(),
    ...(owner ? { owner } : {}),
    kubectl: '',
    processes: [],
  })
  const relays: ChildProcess[] = []
  const down = async (): Promise<void> => {
    for (const relay of relays) relay.kill()
    await endRun(runFolder(name))
  }
  try {
    mkdirSync(join(dir, 'tmp'), { mode: 0o700 })
    mkdirSync(join(dir, 'store'))
    const machine = await startMachine(dir, join(dir, 'store'), progress)
    writeFileSync(join(machine.share, 'cgroup'), `/deskfleet-${name}`)
    for (const image of built) {
      const into = join(machine.share, 'image.tar')
      copyFileSync(image.archive, into)
      await machine.must([
        'skopeo',
        'copy',
        '-q',
        'oci-archive:/share/image.tar',
        `containers-storage:localhost/${image.name}`,
      ])
      rmSync(into)
    }
    const { home, shared } = layPlaces(machine.share)
    let port = DESKTOP.port
    return {
      machine,
      home,
      shared,
      down,
      start: (desk, options = {}) => startDesk(machine, desk, port++, options, relays),
    }
  } catch (error) {
    await down()
    throw error
  }
}

/** A home and a shared folder as storage makes them, and the account files that the webhook gives. */
function layPlaces(share: string): { home: string; shared: string } {
  const home = join(share, 'u', LOGIN)
  const shared = join(share, 'common', 'shared')
  for (const folder of [home, shared]) mkdirSync(folder, { recursive: true })
  chownSync(home, UID, UID)
  chmodSync(home, 0o700)
  chmodSync(shared, 0o777)
  writeFileSync(join(home, HOME_MARKER), homeMarker(ENTRY_UUID, LOGIN), { mode: 0o444 })
  writeFileSync(
    join(share, 'passwd'),
    `root:x:0:0:root:/root:/usr/sbin/nologin\n${LOGIN}:x:${UID}:${UID}:${LOGIN}:/home/${LOGIN}:/bin/bash\n`,
  )
  writeFileSync(join(share, 'group'), `root:x:0:\n${LOGIN}:x:${UID}:\n`)
  return { home, shared }
}

async function startDesk(
  machine: Machine,
  name: string,
  port: number,
  { image = 'desktop-light', env = {}, memory }: DeskOptions,
  relays: ChildProcess[],
): Promise<Desk> {
  const keys = join(machine.share, `keys-${name}`)
  mkdirSync(keys)
  const authority = await makeAuthority(name)
  const pair = await issue(authority, { name: 'desktop', hosts: ['desktop'] })
  const token = randomBytes(32).toString('hex')
  for (const [file, content] of [
    ['tls.crt', pair.certificate],
    ['tls.key', pair.key],
    ['token', token],
  ] as const) {
    writeFileSync(join(keys, file), content, { mode: 0o444 })
  }
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
  const socket = join(machine.share, `${name}.sock`)
  const script = join(import.meta.dirname, '..', 'relay.ts')
  const ends = [`unix:${socket}`, `tcp:127.0.0.1:${port}`]
  relays.push(spawn('nsenter', [...machine.network, process.execPath, script, ...ends], { stdio: 'ignore' }))
  while (!existsSync(socket)) await sleep(10)

  const connect = (): TLSSocket =>
    connectTls({
      socket: connectUnix(socket),
      ca: authority.certificate,
      servername: 'desktop',
    })
  const address: DesktopAddress = { url: 'https://desktop', token, connect }
  const ask: Desk['ask'] = (method, path, { token: other = token, body } = {}) =>
    new Promise((done, fail) => {
      const headers = {
        ...(other === '' ? {} : { Authorization: `Bearer ${other}` }),
        ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
      }
      const asked = request(
        { method, path, host: 'desktop', headers, createConnection: connect },
        (response) => {
          text(response).then(
            (said) => done({ status: response.statusCode ?? 0, body: said, json: parsed(said) }),
            fail,
          )
        },
      )
      asked.once('error', fail)
      asked.end(body)
    })
  const exitCode = async (): Promise<number> => Number((await machine.must(['podman', 'wait', name])).trim())
  return {
    address,
    view: (other = token) => view({ ...address, token: other }),
    ask,
    async becomes(phase, milliseconds = 60_000) {
      const end = performance.now() + milliseconds
      for (let last = ''; ; ) {
        const state = await ask('GET', '/state').catch((error: Error) => ({ body: error.message, json: {} }))
        if ('phase' in state.json && state.json.phase === phase) return
        last = state.body
        if (performance.now() > end) throw new Error(`it does not become ${phase}: ${last}`)
        await sleep(20)
      }
    },
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
    exitCode,
    async memory() {
      const script = 'cat /proc/[0-9]*/smaps_rollup 2>/dev/null'
      const { stdout } = await machine.exec(['podman', 'exec', '--user=0', name, 'sh', '-c', script])
      const own = await machine.exec(['podman', 'exec', name, 'sh', '-c', script])
      const sum = (said: string): number =>
        [...said.matchAll(/^Pss: +(\d+) kB$/gm)].reduce(
          (total, [, kilobytes]) => total + Number(kilobytes),
          0,
        )
      return Math.max(sum(stdout), sum(own.stdout)) * 1_024
    },
  }
}

function parsed(said: string): Record<string, unknown> {
  try {
    return JSON.parse(said)
  } catch {
    return {}
  }
}
