import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { clearOrphans } from '../bare.ts'
import type { RunOptions, RunResult, StartOptions } from '../bare-lab.ts'
import { locate } from '../binaries.ts'
import { runKubectl } from '../kubectl.ts'
import { tryLock, waitForLock } from '../lock.ts'
import { cacheFolder, refuseName, runFolder, runsFolder } from '../places.ts'
import { identify } from '../processes.ts'
import { until } from '../readiness.ts'
import { changeRecord, createRecord, readRecord, runNames } from '../record.ts'
import { endRun, runs, startProcess, stopProcess } from '../run.ts'
import { writeBalancerImage } from './balancer-image.ts'
import { cgroupOf } from './cgroups.ts'
import { DNS_PATCH } from './dns.ts'
import { installProgram, type Machine, openMachine, startMachine } from './machine.ts'
import { saveMachineSettings } from './machine-settings.ts'
import { type NodeImage, nodeImage } from './node-image.ts'
import { type PcPower, pcPower } from './pc.ts'
import { balancerOf, kindConfig, NETWORK, type Pc, pcsOf, refuseWish } from './plan.ts'
import { notePodRoutes } from './pod-routes.ts'
import { startRegistry } from './registry.ts'
import { makeSharedDirectory } from './volumes.ts'
import { type Start, wayIn } from './way-in.ts'

/** A running room: a real cluster made by kind and kubeadm, each node of it standing for one PC. */
export interface Room {
  readonly name: string
  /** The run's folder, mode 0700; removed by `down`. */
  readonly dir: string
  /** `https://127.0.0.1:PORT` */
  readonly server: string
  /** Path of a kubeconfig that may do everything. */
  readonly kubeconfig: string
  readonly kubectl: string
  readonly pcs: readonly Pc[]
  /** Switches PCs off and on, and cuts them from the network. */
  readonly pc: PcPower
  readonly machine: Machine
  /** Runs kubectl; resolves with its output and exit code, and never throws on a code other than 0. */
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>
  /** Starts a recorded background process of this run on the host, its output in `<dir>/<id>.log`. */
  start(id: string, command: string, args: readonly string[], options?: StartOptions): Promise<number>
  stop(id: string, signal?: NodeJS.Signals): Promise<void>
  down(): Promise<void>
}

export interface RoomOptions {
  readonly name: string
  /** 1, 3 or 5; default 1. */
  readonly masters?: number
  /** Default 1. */
  readonly workers?: number
  /** The room ends with this process at the latest: the next `up` of any name clears it away. */
  readonly ownerPid?: number
  readonly progress?: (line: string) => void
}

const Size = z.object({ masters: z.number(), workers: z.number() })
const sizeFile = (dir: string): string => join(dir, 'room.json')

/** Whether the run in `dir` is a room; otherwise it is a bare lab. */
export const isRoom = (dir: string): boolean => existsSync(sizeFile(dir))

/**
 * Makes a room, or attaches to the healthy one of that name. A broken one of that name is cleared away first.
 *
 * @throws with a reason and a mend when the wish is refused or a part does not start; what was started is ended.
 */
export async function up(options: RoomOptions): Promise<Room> {
  const wish = { masters: options.masters ?? 1, workers: options.workers ?? 1 }
  const refusal = refuseName(options.name) ?? refuseWish(wish) ?? refuseMachine()
  if (refusal) throw new Error(refusal)
  const progress = options.progress ?? (() => {})
  const lock = tryLock(join(runsFolder(), `${options.name}.lock`))
  if (!lock.held)
    throw new Error(`another command (process ${lock.holder}) is at work on "${options.name}": wait for it`)
  try {
    await clearOrphans(progress)
    const dir = runFolder(options.name)
    const fault = await faultOfRoom(dir)
    if (fault === undefined) {
      const size = Size.parse(JSON.parse(readFileSync(sizeFile(dir), 'utf8')))
      if (size.masters === wish.masters && size.workers === wish.workers) {
        progress(`the room "${options.name}" runs already`)
        return attach(dir)
      }
      throw new Error(
        `the room "${options.name}" runs with ${size.masters} masters and ${size.workers} workers: ` +
          `end it first (npm run lab -- room down --name ${options.name}), or choose another name`,
      )
    }
    if (existsSync(dir)) {
      progress(`clearing away "${options.name}": ${fault}`)
      await endRun(dir)
    }
    await begin(options, wish, progress)
    return attach(dir)
  } finally {
    lock.release()
  }
}

/** Attaches to a running room; undefined when there is none of that name, or it is not well. */
export async function open(name: string): Promise<Room | undefined> {
  const dir = runFolder(name)
  return (await faultOfRoom(dir)) === undefined ? attach(dir) : undefined
}

function refuseMachine(): string | undefined {
  return process.getuid?.() === 0
    ? undefined
    : 'a room without Docker needs root, for namespaces and mounts of its own: run it with sudo'
}

/** Why a room is not what its record promises; undefined when it is. PCs may be off: that is what a room is for. */
export async function faultOfRoom(dir: string): Promise<string | undefined> {
  if (!isRoom(dir)) return existsSync(dir) ? 'it is no room' : 'it does not exist'
  const record = readRecord(dir)
  if (record?.phase !== 'ready' || !record.server) return 'it was never finished'
  const dead = record.processes.filter((one) => !one.guest && !runs(dir, one.id)).map((one) => one.id)
  return dead.length === 0 ? undefined : `${dead.join(', ')} ended`
}

function attach(dir: string): Room {
  const record = readRecord(dir)
  if (!record?.server) throw new Error(`the room in ${dir} was ended meanwhile`)
  const { name, server, kubectl } = record
  const machine = openMachine(dir)
  const pcs = pcsOf(name, Size.parse(JSON.parse(readFileSync(sizeFile(dir), 'utf8'))))
  return {
    name,
    dir,
    server,
    kubeconfig: join(dir, 'admin.kubeconfig'),
    kubectl,
    pcs,
    machine,
    pc: pcPower(machine, pcs),
    run: (args, options) => runKubectl(dir, kubectl, args, options),
    start: (id, command, args, options) => startProcess(dir, id, command, args, { ...options, guest: true }),
    stop: (id, signal) => stopProcess(dir, id, signal),
    down: () => endRun(dir),
  }
}

async function begin(
  options: RoomOptions,
  wish: z.infer<typeof Size>,
  progress: (line: string) => void,
): Promise<void> {
  const image = await nodeImage(progress)
  const owner = options.ownerPid === undefined ? undefined : identify(options.ownerPid)
  const dir = createRecord({
    name: options.name,
    phase: 'starting',
    createdAt: new Date().toISOString(),
    ...(owner ? { owner } : {}),
    kubectl: image.binary('kubectl'),
    processes: [],
  })
  try {
    writeFileSync(sizeFile(dir), JSON.stringify(wish))
    mkdirSync(join(dir, 'tmp'), { mode: 0o700 })
    saveMachineSettings(runsFolder())
    const store = join(dirname(cacheFolder()), 'room-images', image.key)
    if (!otherRooms(options.name)) forgetOtherImages(store)
    mkdirSync(store, { recursive: true })
    const machine = await startMachine(dir, store, progress)
    await loadImage(machine, store, 'node', (file) => image.write(file, progress), progress)
    if (wish.masters > 1) {
      await loadImage(machine, store, 'balancer', (file) => writeBalancerImage(file, progress), progress)
    }
    makeSharedDirectory(machine.share)
    await makeCluster(machine, options.name, wish, image, progress)
    progress("starting the room's registry")
    const registry = (await locate(['registry'], { progress })).get('registry') ?? 'registry'
    await startRegistry(dir, machine, pcsOf(options.name, wish), registry)
    const server = await openToLoopback(dir, options.name, wish, machine)
    await answering(dir, image.binary('kubectl'))
    const nodes = await runKubectl(dir, image.binary('kubectl'), ['get', 'nodes', '-o', 'json'])
    await notePodRoutes(machine, pcsOf(options.name, wish), nodes.stdout)
    const dns = ['patch', 'deployment', 'coredns', '-n', 'kube-system', '-p', DNS_PATCH]
    const patched = await runKubectl(dir, image.binary('kubectl'), dns)
    if (patched.code !== 0) throw new Error(`the cluster's DNS: ${patched.stderr.trim()}`)
    await changeRecord(dir, (record) => ({ ...record, server, phase: 'ready' }))
  } catch (error) {
    await endRun(dir)
    throw error
  }
}

/** Loads an image into the store that all rooms share, once: a file of that name says that all of it is there. */
async function loadImage(
  machine: Machine,
  store: string,
  name: string,
  write: (file: string) => Promise<void>,
  progress: (line: string) => void,
): Promise<void> {
  const whole = join(store, `${name}.whole`)
  const release = await waitForLock(`${store}.lock`, `loading the image of the ${name}`, progress)
  try {
    if (existsSync(whole)) return
    await write(join(machine.share, 'image.tar'))
    progress(`loading the image of the ${name}`)
    const podman = ['podman', '--root', '/images', '--runroot', '/run/images']
    await machine.must([...podman, 'load', '-i', '/share/image.tar'])
    rmSync(join(machine.share, 'image.tar'))
    writeFileSync(whole, '')
  } finally {
    release()
  }
}

const otherRooms = (name: string): boolean =>
  runNames().some((one) => one !== name && isRoom(join(runsFolder(), one)))

/** Images of earlier states of the lab are a gigabyte each, and nobody asks for them again. */
function forgetOtherImages(store: string): void {
  for (const old of globSync('*/', { cwd: dirname(store) }).filter((name) => name !== basename(store))) {
    rmSync(join(dirname(store), old), { recursive: true, force: true })
  }
}

async function makeCluster(
  machine: Machine,
  room: string,
  wish: z.infer<typeof Size>,
  image: NodeImage,
  progress: (line: string) => void,
): Promise<void> {
  const pcs = pcsOf(room, wish)
  const balancer = balancerOf(room)
  const addresses = [...pcs, balancer].map(({ name, address }) => `${name} ${address}\n`).join('')
  writeFileSync(join(machine.share, 'addresses'), addresses)
  writeFileSync(join(machine.share, 'cgroup'), cgroupOf(room))
  writeFileSync(
    join(machine.share, 'kind.yaml'),
    kindConfig(room, wish, '/share/srv', { image: image.reference, versions: image.versions }),
  )
  const net = ['--subnet', NETWORK.subnet, '--gateway', NETWORK.gateway, NETWORK.name]
  await machine.must(['podman', 'network', 'create', ...net])
  progress(`kind makes ${wish.masters} master${wish.masters === 1 ? '' : 's'} and ${wish.workers} workers`)
  const kind = installProgram(machine, 'kind', image.binary('kind'))
  const create = [
    kind,
    'create',
    'cluster',
    '--config',
    '/share/kind.yaml',
    '--kubeconfig',
    '/share/kubeconfig',
  ]
  await machine.must([...create, '--retain', '--wait', '120s'], {
    env: { KIND_EXPERIMENTAL_PROVIDER: 'podman' },
    onLine: tellSteps(progress),
  })
}

/** kind says each step when it begins and when it is done, and closes with advice for its own users. */
function tellSteps(progress: (line: string) => void): (line: string) => void {
  let last = ''
  return (line) => {
    const step = line
      .replace(/[^\x20-\x7e]/g, '')
      .trim()
      .replace(/\s*\.\.\.$/, '')
    if (
      step === '' ||
      step === last ||
      /^(Set kubectl|You can now|kubectl |Have a |Not sure|Thanks|using |enabling |cgroup v1)/.test(step)
    )
      return
    last = step
    progress(`kind: ${step}`)
  }
}

/** Brings the room's API to a port of 127.0.0.1 on the host. */
async function openToLoopback(
  dir: string,
  room: string,
  wish: z.infer<typeof Size>,
  machine: Machine,
): Promise<string> {
  const inside = wish.masters === 1 ? pcsOf(room, wish)[0]?.address : balancerOf(room).address
  const begin: Start = (id, command, args, options) => startProcess(dir, id, command, args, options)
  const server = `https://127.0.0.1:${await wayIn(machine, begin, 'api', `${inside}:6443`)}`
  const given = readFileSync(join(machine.share, 'kubeconfig'), 'utf8')
  const kubeconfig = given.replace(/server: https:\/\/127\.0\.0\.1:\d+/, `server: ${server}`)
  writeFileSync(join(dir, 'admin.kubeconfig'), kubeconfig, { mode: 0o600 })
  return server
}

async function answering(dir: string, kubectl: string): Promise<void> {
  const ready = async (): Promise<boolean> =>
    (await runKubectl(dir, kubectl, ['get', '--raw', '/readyz', '--request-timeout=2s'])).code === 0
  const outcome = await until("the room's API server", 30_000, ready, () => runs(dir, 'api-outside'))
  if (!outcome.ready) throw new Error(outcome.reason)
}
