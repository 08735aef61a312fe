import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export type Metrics = ReturnType<typeof newMetrics>

/** What the gauges that are asked, not told, tell. */
export interface Known {
  screens(): number
  connections(): number
  desktops(): { readonly on: number; readonly waiting: number }
  leading(): boolean
}

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
