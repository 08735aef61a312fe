import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../../service/clock.ts'
import { LAYOUT } from '../../layout.ts'
import type { PcAddress } from '../../pc-addresses.ts'
import type { Shown, Source } from '../mounts.ts'
import { act, boundLog } from './act.ts'
import { decide } from './decide.ts'
import type { Decision, Seen, Step } from './facts.ts'
import { writeHosts } from './names.ts'
import { observe, type Sinces, type Sources } from './observe.ts'

/** The Gluster volume as this PC has it: homes are taken from its newest client that answers. */
export interface Volume extends Source {
  /** Brings the clients nearer to what is wanted. @throws what stood in its way; what is known stays known */
  turn(): Promise<VolumeTurn>
  /** Calls back when a process has ended, or other PCs serve the volume. */
  onChange(changed: () => void): void
  stop(): Promise<void>
}

export interface VolumeTurn {
  readonly decision: Decision
  readonly clients: number
  readonly done: readonly Step[]
}

/** What of the cluster the volume needs. */
export interface VolumeCluster {
  /** The PCs that serve it, by name. */
  servers(): readonly string[]
  /** All PCs and where they are; undefined until they have been read. */
  pcs(): readonly PcAddress[] | undefined
  onChange(changed: () => void): void
  stop(): Promise<void>
}

export interface VolumeParts extends Omit<Sources, 'servers'> {
  readonly cluster: VolumeCluster
  readonly clock: Clock
  /** This PC. */
  readonly node: string
}

/** Steps of one turn: a process that ended is taken off and replaced in one. */
const STEPS = 6
/** A client that has answered for so long was started well. */
const LASTS = 30_000
/** How often it is asked whether the processes are there; a look at /proc costs next to nothing. */
const WATCH = 250

export function glusterVolume(parts: VolumeParts): Volume {
  const { places, looks, cluster, clock, node } = parts
  const sources: Sources = { ...parts, servers: () => preferred(cluster.servers(), node) }
  const since: Sinces = new Map()
  const listeners: (() => void)[] = []
  let starts = { failed: 0, at: Number.NEGATIVE_INFINITY }
  let [current, alive, pids]: [number | undefined, Map<string, number>, number[]] = [undefined, new Map(), []]
  let waiting = new Set<string>()

  const look = async () => {
    const memory = { since, starts: { failed: starts.failed, ago: clock.now() - starts.at } }
    const seen = await observe(sources, memory, clock.now())
    const said = new Map(seen.seen.clients.map((one) => [one.number, one]))
    const devices = (wish: boolean): [string, number][] =>
      seen.mounts.flatMap(({ number, device }) => {
        const one = said.get(number)
        return (one?.mount?.said === 'answers') === wish && (wish || one?.process?.runs)
          ? [[device, number]]
          : []
      })
    alive = new Map(devices(true))
    waiting = new Set(devices(false).map(([device]) => device))
    pids = seen.running.flatMap(({ runs, pid }) => (runs && pid !== undefined ? [pid] : []))
    return seen
  }
  const settle = (seen: Seen, { current: number }: Decision): void => {
    const age = seen.clients.find((one) => one.number === number)?.process?.age ?? 0
    if (age > LASTS) starts = { failed: 0, at: starts.at }
    current = number
  }

  const ring = (): void => {
    for (const listener of listeners) listener()
  }
  const watch = setInterval(() => {
    const there = pids.filter((pid) => existsSync(`/proc/${pid}`))
    if (there.length === pids.length) return
    pids = there
    ring()
  }, WATCH)
  watch.unref()
  cluster.onChange(ring)

  const directory = (): string | undefined =>
    current === undefined ? undefined : join(places.volumes, `${current}`)

  return {
    async turn() {
      const pcs = cluster.pcs()
      if (pcs) await writeHosts(places.names, pcs)
      const done: Step[] = []
      for (;;) {
        const seen = await look()
        const decision = decide(seen.seen)
        settle(seen.seen, decision)
        for (const { number } of seen.mounts) await boundLog(places, number)
        const { step } = decision
        if (!step || done.length >= STEPS) {
          return { decision, clients: seen.seen.clients.length, done }
        }
        if (step.step === 'start') starts = { failed: starts.failed + 1, at: clock.now() }
        const worked = await act(step, sources)
        done.push(step)
        if (!worked) return { decision, clients: seen.seen.clients.length, done }
      }
    },
    directory,
    async identify(paths) {
      const from = directory()
      if (from === undefined) return paths.map(() => undefined)
      const { found } = await looks.look(from, paths)
      return paths.map((path) => idOf(found.get(path)))
    },
    async marked() {
      const from = directory()
      if (from === undefined) return false
      const marker = join(from, LAYOUT.marker)
      return (await looks.look(from, [marker])).found.get(marker)?.kind.startsWith('regular') ?? false
    },
    async shown(mounts) {
      // Each client's mounts are asked for together, so that one that hangs costs one wait.
      const asked = [...alive].map(async ([device, number]) => {
        const paths = mounts.filter((one) => one.device === device).map(({ path }) => path)
        const { found } = await looks.look(join(places.volumes, `${number}`), paths)
        return [device, { found, number }] as const
      })
      const byDevice = new Map(await Promise.all(asked))
      return await Promise.all(
        mounts.map(async ({ device, path }): Promise<Shown> => {
          const answer = byDevice.get(device)
          if (answer) {
            const id = idOf(answer.found.get(path))
            // It answered a moment ago: whether it is dead is for the next turn to say.
            if (id === undefined) return { id, waits: true }
            return answer.number === current ? { id } : { id, old: true }
          }
          if (waiting.has(device)) return { id: undefined, waits: true }
          // Of no client that is known: dead, unless it says otherwise.
          const { said, found } = await looks.look(path, [])
          if (said === 'answers') return { id: idOf(found.get(path)), old: true }
          return said === 'silent' ? { id: undefined, waits: true } : { id: undefined }
        }),
      )
    },
    onChange: (changed) => void listeners.push(changed),
    async stop() {
      clearInterval(watch)
      await cluster.stop()
    },
  }
}

/** Through every client of the volume a directory has the same number: Gluster makes it of the directory's own name. */
const idOf = (found: { readonly inode: string; readonly kind: string } | undefined): string | undefined =>
  found?.kind === 'directory' ? `volume:${found.inode}` : undefined

/** The servers in the order in which a PC asks them: itself, then from a place of its own, so that not all ask the same. */
export function preferred(servers: readonly string[], node: string): string[] {
  const sorted = [...new Set(servers)].sort()
  const from = sorted.findIndex((one) => one >= node)
  return from < 0 ? sorted : [...sorted.slice(from), ...sorted.slice(0, from)]
}
