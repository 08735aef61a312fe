import { NEW_MEMORY as BORN } from '../../../../storage/gluster/agent/stored.ts'
import type {
  Brick,
  BrickPlace,
  Change,
  Facts,
  Memory,
  Pc,
  Policy,
  Volume,
} from '../../../../storage/gluster/plan/facts.ts'
import { quorumOf } from '../../../../storage/gluster/plan/shape.ts'

/**
 * A small model of a room: PCs with disks, a pool, a volume whose bricks hold numbered files. It does what is asked of
 * Gluster, and says when something was asked that must not be.
 */

export const TICK = 15_000
export const GIB = 2 ** 30
const NOTICED = 20_000
export const VOLUME_ID = '3c0f8b52-0000-4000-8000-000000000001'

export interface Machine {
  readonly name: string
  up: boolean
  since: number
  retiring: boolean
  /** Its disk; another number is another disk. */
  disk: number
  holds: string
  files: Set<number>
  uuid: string | undefined
  epoch: number
  /** The bricks that its glusterd knew when it was heard last. */
  knows: readonly string[]
}

/** Of a room in which nothing has happened yet. */
export const NEW_MEMORY: Memory = { ...BORN, epoch: 0 }

export const POLICY: Policy = {
  volume: 'homes',
  copies: 5,
  minCopies: undefined,
  spares: 1,
  replaceAfter: 8 * TICK,
  healAsked: 0,
  birth: { 'client.ssl': 'on', 'server.ssl': 'on' },
  options: { 'network.ping-timeout': '5' },
}

const pathOf = (): string => '/brick/data'

export class Room {
  now = Date.UTC(2026, 10, 27)
  machines: Machine[] = []
  peers: { name: string; uuid: string }[] = []
  volume: Volume | undefined
  /** Files that somebody was told are written, by set. */
  acked: number[][] = []
  memory: Memory = NEW_MEMORY
  rebalance: { id: string; state: 'running' | 'completed' | 'stopped'; failures: number } | undefined
  rootSpoilt = false
  /** Whether agents count whom entries are behind on. */
  counts = true
  wrongs: string[] = []
  done: string[] = []
  made = 0
  /** What is asked now is judged by what comes of it now; what Gluster does late is not its fault who asked. */
  isLate = false
  late: { readonly change: Change; readonly at: number }[] = []

  add(): Machine {
    const name = `pc-${String(++this.made).padStart(2, '0')}`
    const machine: Machine = {
      name,
      up: true,
      since: this.now - 600_000,
      retiring: false,
      disk: ++this.made * 100,
      holds: 'nothing',
      files: new Set(),
      uuid: `uuid-${name}-${this.made}`,
      epoch: 0,
      knows: [],
    }
    this.machines.push(machine)
    if (this.peers.length === 0) this.peers.push({ name, uuid: machine.uuid ?? '' })
    return machine
  }

  at(name: string): Machine | undefined {
    return this.machines.find((one) => one.name === name)
  }

  sets(): BrickPlace[][] {
    const { volume } = this
    if (!volume) return []
    return Array.from({ length: volume.bricks.length / volume.width }, (_, set) =>
      volume.bricks.slice(set * volume.width, (set + 1) * volume.width),
    )
  }

  isArbiter(at: number): boolean {
    return this.volume?.arbiters === 1 && at === this.volume.width - 1
  }

  /** Somebody of the pool, rather one that stays. */
  leader(): string | undefined {
    const fit = this.peers.filter(({ name }) => this.at(name)?.up && !this.isFenced(name))
    return (fit.find(({ name }) => !this.at(name)?.retiring) ?? fit[0])?.name
  }

  isFenced = (name: string): boolean => this.memory.fenced.some(({ pc }) => pc === name)

  /** Whether its brick process runs. */
  runs(name: string): boolean {
    const machine = this.at(name)
    if (!machine?.up || !this.volume || this.volume.status !== 'started') return false
    const isPeer = this.peers.some((one) => one.name === name && one.uuid === machine.uuid)
    return isPeer && !this.isFenced(name) && machine.holds === VOLUME_ID
  }

  /** Bricks of a set, by name, that run and have every file of it. */
  sound(set: number): string[] {
    const files = this.acked[set] ?? []
    return (this.sets()[set] ?? [])
      .filter(({ pc }, at) => !this.isArbiter(at) && this.runs(pc))
      .map(({ pc }) => pc)
      .filter((pc) => files.every((file) => this.at(pc)?.files.has(file)))
  }

  isHealthy(): boolean {
    return (
      this.volume?.status === 'started' &&
      this.memory.intent === undefined &&
      this.late.length === 0 &&
      this.sets().every((set, at) => this.sound(at).length === set.length - (this.volume?.arbiters ?? 0)) &&
      this.volume.bricks.every(({ pc }) => this.runs(pc) && this.memory.whole.includes(pc))
    )
  }

  turn(name: string, up: boolean): void {
    const machine = this.at(name)
    if (!machine || machine.up === up) return
    machine.up = up
    machine.since = this.now
  }

  /** An empty disk in the place of the one that was there. */
  loseDisk(name: string): void {
    const machine = this.at(name)
    if (!machine) return
    machine.disk++
    machine.holds = 'nothing'
    machine.files.clear()
  }

  /** Time passes: agents act, people write, bricks heal. */
  pass(): void {
    this.now += TICK
    this.agents()
    this.tell()
    this.sets().forEach((set, at) => {
      this.write(set, at)
      this.heal(set, at)
    })
    if (this.rebalance?.state === 'running') this.rebalance.state = 'completed'
  }

  private write(set: readonly BrickPlace[], at: number): void {
    const live = set.filter(({ pc }) => this.runs(pc))
    const width = this.volume?.width ?? 1
    if (live.length < quorumOf(width)) return
    // Of two, only one that has everything goes on alone: their agents see to that.
    if (width <= 2 && this.sound(at).length === 0) return
    const file = ++this.made
    live.forEach(({ pc }) => {
      if (!this.isArbiter(set.findIndex((one) => one.pc === pc))) this.at(pc)?.files.add(file)
    })
    this.acked[at] = [...(this.acked[at] ?? []), file]
  }

  private heal(set: readonly BrickPlace[], at: number): void {
    const live = set.filter(({ pc }, index) => !this.isArbiter(index) && this.runs(pc))
    const there = new Set(live.flatMap(({ pc }) => [...(this.at(pc)?.files ?? [])]))
    for (const { pc } of live) {
      const lacks = (this.acked[at] ?? []).filter((file) => there.has(file) && !this.at(pc)?.files.has(file))
      for (const file of lacks.slice(0, 12)) this.at(pc)?.files.add(file)
    }
  }

  /** Whoever is heard in the pool is told of the bricks there are. */
  tell(): void {
    for (const machine of this.machines) {
      const isHeard = machine.up && !this.isFenced(machine.name)
      if (isHeard && this.peers.some(({ name, uuid }) => name === machine.name && uuid === machine.uuid))
        machine.knows = this.volume?.bricks.map(({ pc }) => pc) ?? []
    }
  }

  private agents(): void {
    for (const machine of this.machines) {
      if (!machine.up) continue
      const fence = this.memory.fenced.find(({ pc }) => pc === machine.name)
      const isMember = this.volume?.bricks.some(({ pc }) => pc === machine.name) ?? false
      const isTold = this.peers.some(({ name, uuid }) => name === machine.name && uuid === machine.uuid)
      if (fence?.mayWipe) {
        this.empty(machine)
        machine.uuid = undefined
        machine.epoch = 0
        machine.knows = []
      } else if (fence === undefined) {
        machine.uuid ??= `uuid-${machine.name}-${++this.made}`
        // Its glusterd serves the bricks that it knows to whoever asks, before anybody tells it of others.
        const was = machine.knows.includes(machine.name)
        if (was && !isMember && machine.holds === VOLUME_ID && !this.late.length)
          if (machine.since >= this.now - TICK)
            this.wrongs.push(`${machine.name} is back and serves old bricks`)
        if (isTold) machine.epoch = Math.max(1, this.memory.epoch)
        else if (machine.epoch > 0 && !isMember && !this.peers.some(({ name }) => name === machine.name)) {
          // It was taken out of the pool while it listened.
          machine.epoch = 0
          machine.knows = []
        }
      }
      if (this.memory.mayEmpty[machine.name] === `disk-${machine.disk}` && !isMember) this.empty(machine)
    }
  }

  private empty(machine: Machine): void {
    const isMember = this.volume?.bricks.some(({ pc }) => pc === machine.name) ?? false
    if (isMember) this.wrongs.push(`${machine.name} is emptied and has a brick of the volume`)
    machine.files.clear()
    machine.holds = 'nothing'
  }

  facts(unread: ReadonlySet<keyof Facts> = new Set()): Facts {
    const { volume, now } = this
    const away = this.machines.filter((one) => !one.up && now - one.since < NOTICED)
    const blocked = away.some(({ name }) => this.peers.some((peer) => peer.name === name))
    const connected = (name: string, uuid: string): boolean => {
      const machine = this.at(name)
      if (!machine) return false
      const isThere = machine.up && !this.isFenced(name) && machine.uuid === uuid
      return isThere || (!machine.up && now - machine.since < NOTICED)
    }
    const isOn = volume?.status === 'started'
    const bricks = volume?.bricks ?? []
    const read: Facts = {
      self: this.leader(),
      pcs: this.machines.map((machine) => this.pc(machine)),
      peers: this.peers.map((peer) => ({
        ...peer,
        state: 'Peer in Cluster',
        connected: connected(peer.name, peer.uuid),
      })),
      volume: volume ?? 'none',
      running: blocked
        ? 'unread'
        : !isOn
          ? []
          : bricks.map((place) => ({
              ...place,
              online: this.runs(place.pc),
              port: 49152,
              pid: 1,
              bytes: 100 * GIB,
              free: 100 * GIB - (this.at(place.pc)?.files.size ?? 0) * 1024,
            })),
      heal: blocked
        ? 'unread'
        : !isOn
          ? []
          : this.sets().flatMap((set, at) =>
              set.map((place) => {
                const behind = this.behind(set, at)
                return {
                  ...place,
                  answered: this.runs(place.pc),
                  pending: behind.length > 0 ? 1 : 0,
                  splitBrain: 0,
                  ...(this.counts ? { behind } : {}),
                }
              }),
            ),
      rebalance: this.rebalance ?? 'none',
      tasks: [],
      root: { mtime: this.rootSpoilt ? now * 1_000 : now },
      memory: this.memory,
    }
    return Object.fromEntries(
      Object.entries(read).map(([name, value]) => [name, unread.has(name as keyof Facts) ? 'unread' : value]),
    ) as unknown as Facts
  }

  private behind(set: readonly BrickPlace[], at: number): string[] {
    return set
      .filter((_, index) => !this.isArbiter(index))
      .map(({ pc }) => pc)
      .filter((pc) => (this.acked[at] ?? []).some((file) => !this.at(pc)?.files.has(file)))
  }

  private pc(machine: Machine): Pc {
    const brick: Brick = {
      id: `disk-${machine.disk}`,
      path: pathOf(),
      bytes: 100 * GIB,
      free: 90 * GIB,
      holds: machine.holds,
      fault: undefined,
    }
    const { name, up, since, retiring, uuid, epoch } = machine
    return { name, ready: up, since, open: true, retiring, brick, uuid, epoch }
  }
}
