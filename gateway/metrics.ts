import type { V1Node } from '@kubernetes/client-node'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { mastersTold, type ToldGuard } from '../cluster/control-plane-guard.ts'
import type { UsageSums } from '../cluster/usage-sums.ts'

export type Metrics = ReturnType<typeof newMetrics>

/** What the gauges that are asked, not told, tell. */
export interface Known {
  screens(): number
  connections(): number
  desktops(): { readonly on: number; readonly waiting: number }
  leading(): boolean
  usage(): UsageSums
  /** What the orchestrator tells; undefined where there is none. */
  guard(): Promise<ToldGuard | undefined>
  nodes(): readonly V1Node[]
}

/** People who have so much as to be named. */
const NAMED = 10

export function newMetrics(registry: Registry, known: Known) {
  const registers = [registry]
  const asked = (name: string, help: string, value: () => number) =>
    new Gauge({
      name: `deskfleet_gateway_${name}`,
      help,
      registers,
      collect() {
        this.set(value())
      },
    })
  asked('screens', 'Screens that are open at this replica.', known.screens)
  asked('connections', 'Connections that are open at this replica.', known.connections)
  asked('desktops_on', 'Desktops that are on.', () => known.desktops().on)
  asked('desktops_waiting', 'People who wait for a desktop.', () => known.desktops().waiting)
  asked('leading', 'Whether this replica starts and stops desktops.', () => Number(known.leading()))
  new Gauge({
    name: 'deskfleet_storage_set_used_bytes',
    help: 'Bytes that homes take up on one copy of a set of disks.',
    labelNames: ['set'] as const,
    registers,
    collect() {
      this.reset()
      for (const { set, homes } of known.usage().sets) this.set({ set }, homes.bytes)
    },
  })
  new Gauge({
    name: 'deskfleet_storage_set_files',
    help: 'Files of homes on a set of disks.',
    labelNames: ['set'] as const,
    registers,
    collect() {
      this.reset()
      for (const { set, homes } of known.usage().sets) this.set({ set }, homes.files)
    },
  })
  new Gauge({
    name: 'deskfleet_storage_person_used_bytes',
    help: `Bytes that the homes of the ${NAMED} people take up who have most.`,
    labelNames: ['person'] as const,
    registers,
    collect() {
      this.reset()
      for (const { slug, bytes } of known.usage().people.slice(0, NAMED))
        if (slug !== undefined) this.set({ person: slug }, bytes)
    },
  })
  new Gauge({
    name: 'deskfleet_storage_people_over_limit',
    help: 'People whose files take up more than storage.limit.',
    registers,
    collect() {
      this.set(known.usage().people.filter(({ over }) => over).length)
    },
  })
  masterMetrics(registers, known)
  return {
    pages: new Histogram({
      name: 'deskfleet_gateway_page_duration_seconds',
      help: 'From a request to its answer; what lasts by its nature is left out.',
      labelNames: ['method', 'status'] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
      registers,
    }),
    logins: new Counter({
      name: 'deskfleet_gateway_logins_total',
      help: 'Logins by result (welcome, oneTime, refused, throttled, busy, failed, locked).',
      labelNames: ['result'] as const,
      registers,
    }),
    oneTimePasswords: new Counter({
      name: 'deskfleet_gateway_one_time_passwords_total',
      help: 'One-time passwords that helpers asked for, by result (given, wrong, nobody, notAllowed, locked, throttled, busy, failed).',
      labelNames: ['result'] as const,
      registers,
    }),
    tooMany: new Counter({
      name: 'deskfleet_gateway_connections_ended_total',
      help: 'Connections ended because their address, or everybody together, had too many.',
      registers,
    }),
    entrance: new Counter({
      name: 'deskfleet_gateway_services_total',
      help: 'Requests for services of the room, by what the ingress was told of them.',
      labelNames: ['service', 'outcome'] as const,
      registers,
    }),
    upgrades: new Counter({
      name: 'deskfleet_gateway_screens_total',
      help: 'Screens asked for, by what came of it.',
      labelNames: ['outcome'] as const,
      registers,
    }),
  }
}

/** What the orchestrator tells of masters: it runs for a minute at a time, and nobody could ask it. */
function masterMetrics(registers: Registry[], { guard, nodes }: Known): void {
  // Without an answer there is no figure: an old one would look like health.
  const told = async (): Promise<ToldGuard | undefined> => await guard().catch(() => undefined)
  const asked = (name: string, help: string, value: (guard: ToldGuard) => number | undefined) =>
    new Gauge({
      name: `deskfleet_${name}`,
      help,
      registers,
      async collect() {
        const seen = await told()
        const is = seen && value(seen)
        this.remove()
        if (is !== undefined) this.set(is)
      },
    })
  const labelled = <L extends string>(
    name: string,
    help: string,
    label: L,
    values: (guard: ToldGuard) => Readonly<Record<string, number>>,
  ) =>
    new Gauge({
      name: `deskfleet_${name}`,
      help,
      labelNames: [label],
      registers,
      async collect() {
        const seen = await told()
        this.reset()
        for (const [key, value] of Object.entries(seen === undefined ? {} : values(seen)))
          this.set({ [label]: key } as Record<L, string>, value)
      },
    })
  labelled('masters', 'Masters by state (well, sick, coming).', 'state', (seen) => {
    const count = { well: 0, sick: 0, coming: 0 }
    for (const { sick, way } of mastersTold(seen, nodes()))
      count[sick !== undefined ? 'sick' : way === 'coming' ? 'coming' : 'well']++
    return count
  })
  asked('masters_wanted', 'Masters that there ought to be.', ({ size }) => size.wanted)
  labelled('crowning_phase', '1 for the phase of the operation that goes on.', 'phase', ({ operation }) =>
    operation === undefined ? {} : { [operation.phase]: 1 },
  )
  asked('etcd_copy_proven_timestamp_seconds', 'When the newest copy of etcd was proven.', ({ backupAt }) =>
    backupAt === undefined ? undefined : backupAt / 1_000,
  )
  asked(
    'orchestrator_looked_timestamp_seconds',
    'When the orchestrator looked last at the masters.',
    (seen) => (seen.lookedAt === 0 ? undefined : seen.lookedAt / 1_000),
  )
  asked('orchestrator_halted', 'Whether nothing is done for masters until somebody resumes it.', (seen) =>
    Number(seen.orders.halt !== undefined || seen.halted !== undefined),
  )
}
