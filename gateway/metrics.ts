import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { UsageSums } from '../cluster/usage-sums.ts'

export type Metrics = ReturnType<typeof newMetrics>

/** What the gauges that are asked, not told, tell. */
export interface Known {
  screens(): number
  connections(): number
  desktops(): { readonly on: number; readonly waiting: number }
  leading(): boolean
  usage(): UsageSums
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
    upgrades: new Counter({
      name: 'deskfleet_gateway_screens_total',
      help: 'Screens asked for, by what came of it.',
      labelNames: ['outcome'] as const,
      registers,
    }),
  }
}
