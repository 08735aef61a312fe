import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { systemClock } from '../../../service/clock.ts'
import { openStorage } from '../../../storage/homes/disk.ts'
import type { Trouble } from '../../../storage/mounter/client/facts.ts'
import { laidClients } from '../../../storage/mounter/client/lay.ts'
import { boundedLooks } from '../../../storage/mounter/client/looks.ts'
import { places as placesOf } from '../../../storage/mounter/client/places.ts'
import { commandOf, type Processes, type RunningClient } from '../../../storage/mounter/client/processes.ts'
import { glusterVolume } from '../../../storage/mounter/client/volume.ts'
import { keepMounts } from '../../../storage/mounter/keep.ts'
import { mountsBelow, mountsNow } from '../../../storage/mounter/mounts.ts'
import { person, uuidOf } from '../facts.ts'

/**
 * The mounter on a PC of the Gluster lab, in mount and process namespaces of its own and with that PC's network card;
 * told what to do by lines of JSON (client.gluster.test.ts). All is real but the PC's systemd, whose part is played by
 * plain processes, and the cluster, whose facts the test tells.
 */

const [, , top = ''] = process.argv
const run = join(top, 'run')
const image = { image: join(top, 'image'), imageVersion: join(top, 'version') }
const elsewhere = { laid: join(top, 'laid'), tls: join(top, 'tls'), logs: join(top, 'logs') }
const places = { ...placesOf(run), ...image, ...elsewhere }
const facts: { servers: string[]; pcs: { name: string; address: string }[]; used: string[] } = {
  servers: [],
  pcs: [],
  used: [],
}
const told = new Set<() => void>()
const ring = (): void => {
  for (const one of told) one()
}

/** Plain processes in the place of systemd's units. */
function plainProcesses(): Processes {
  const known = new Map<number, ChildProcess>()
  const about = new Map<number, Omit<RunningClient, 'runs' | 'age'> & { began: number }>()
  const runs = (pid = 0): boolean => existsSync(`/proc/${pid}`)
  return {
    async list() {
      return [...about.values()]
        .filter(({ pid }) => runs(pid))
        .map(({ began, ...one }) => ({ ...one, runs: true, age: performance.now() - began }))
    },
    async start(step) {
      const [program = '', ...rest] = commandOf(step, places)
      const child = spawn(program, rest, { stdio: ['ignore', 'inherit', 'inherit'], detached: true })
      child.unref()
      known.set(step.number, child)
      const { number, version, servers } = step
      about.set(number, { number, version, servers, pid: child.pid, began: performance.now() })
    },
    stop: async (number) => void known.get(number)?.kill('SIGKILL'),
  }
}

const processes = plainProcesses()
const seen: { trouble?: Trouble | undefined; current?: number | undefined; failures: string[] } = {
  failures: [],
}
let mounted = 0
let passes = 0

function mounter(): () => Promise<void> {
  const volume = glusterVolume({
    places,
    processes,
    laid: laidClients(places),
    looks: boundedLooks(1_500),
    mounts: () => mountsNow(run),
    clock: systemClock,
    node: 'mounter',
    cluster: {
      servers: () => facts.servers,
      pcs: () => facts.pcs,
      onChange: (changed) => void told.add(changed),
      stop: async () => {},
    },
  })
  const ending = new AbortController()
  const work = keepMounts(
    {
      mounts: mountsBelow(run, volume),
      volume,
      clock: systemClock,
      cluster: {
        readable: () => true,
        used: () => new Set(facts.used),
        ready: async (slug) => ({ login: slug, entryUUID: uuidOf(slug === 'ada' ? 1 : 2) }),
        side: async () => undefined,
        onChange: (changed) => void told.add(changed),
        stop: async () => {},
      },
      listener: {
        passed(pass) {
          mounted = pass.mounted
          passes++
        },
        turned({ decision: { trouble, current } }) {
          seen.trouble = trouble
          seen.current = current
        },
        failed: (error) => void seen.failures.push(String(error)),
      },
    },
    ending.signal,
  )
  return async () => {
    ending.abort()
    await work
    await volume.stop()
    told.clear()
  }
}

const sh = (script: string): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((done) => {
    execFile(
      'sh',
      ['-c', script],
      { timeout: 20_000, env: { ...process.env, run } },
      (error, stdout, stderr) =>
        done({ code: error ? Number(error.code ?? 1) : 0, stdout: stdout.trim(), stderr: stderr.trim() }),
    )
  })

const holders = new Map<string, ChildProcess>()
let end = async (): Promise<void> => {}

const COMMANDS: Readonly<Record<string, (given: never) => Promise<unknown>>> = {
  async begin(given: Partial<typeof facts>) {
    Object.assign(facts, given)
    end = mounter()
  },
  async facts(given: Partial<typeof facts>) {
    Object.assign(facts, given)
    ring()
  },
  end: async () => await end(),
  sh,
  state: async () => ({
    ...seen,
    mounted,
    passes,
    running: (await processes.list()).map(({ number, pid, version }) => ({ number, pid, version })),
  }),
  version: async (version: string) => {
    writeFileSync(places.imageVersion, version)
    ring()
  },
  /** What storage/homes does, on the volume as its pod would see it. */
  async homes(fuse: boolean) {
    const storage = await openStorage(join(run, 'storage/home'), fuse)
    try {
      const disk = await storage.look()
      if (disk.state === 'empty') await storage.found()
      for (const number of [1, 2]) {
        if (disk.state !== 'there' || !disk.homes.has(uuidOf(number))) {
          await storage.make(person(number === 1 ? 'ada' : 'bob', number), join(top, 'skeleton'))
        }
      }
      return disk.state
    } finally {
      await storage.close()
    }
  },
  /** A process that holds a folder as a pod's containers do, and says what its shell says to each line. */
  async hold({ name, at, script }: { name: string; at: string; script: string }) {
    const args = ['-m', '--propagation', 'slave', 'sh', '-c', `cd "$1" && ${script}`, 'hold', join(run, at)]
    holders.set(name, spawn('unshare', args, { stdio: ['pipe', 'pipe', 'inherit'] }))
  },
  ask: ({ name, line }: { name: string; line: string }) =>
    new Promise((done) => {
      holders.get(name)?.stdout?.once('data', (data) => done(String(data).trim()))
      holders.get(name)?.stdin?.write(`${line}\n`)
    }),
  async drop(name: string) {
    holders.get(name)?.kill('SIGKILL')
  },
}

mkdirSync(run, { recursive: true })
await sh(`mount -t tmpfs run ${run} && mount --make-shared ${run}`)
mkdirSync(join(top, 'skeleton'), { recursive: true })
console.log(JSON.stringify({ ready: readFileSync('/proc/self/mountinfo', 'utf8').includes(run) }))
for await (const line of createInterface({ input: process.stdin })) {
  const { command, given } = JSON.parse(line)
  const result = await COMMANDS[command]?.(given as never).then(
    (value) => ({ value: value ?? null }),
    (error) => ({ error: String(error) }),
  )
  console.log(JSON.stringify(result))
}
process.exit(0)
