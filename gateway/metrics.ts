import { Counter, Gauge, Histogram, Registry } from 'prom-client'

export type Metrics = ReturnType<typeof newMetrics>

/** What the gauges that are asked, not told, tell. */
export interface Known {
  screens(): number
  desktops(): { readonly on: number; readonly waiting: number }
  leading(): boolean
}

export function newMetrics(known: Known) {
  const registry = new Registry()
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
  asked('desktops_on', 'Desktops that are on.', () => known.desktops().on)
  asked('desktops_waiting', 'People who wait for a desktop.', () => known.desktops().waiting)
  asked('leading', 'Whether this replica starts and stops desktops.', () => Number(known.leading()))
  return {
    registry,
    pages: new Histogram({
      name: 'deskfleet_gateway_page_duration_seconds',
      help: 'From a request to its answer; what lasts by its nature is left out.',
      labelNames: ['method', 'status'] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
      registers,
    }),
    logins: new Counter({
      name: 'deskfleet_gateway_logins_total',
      help: 'Logins by result (welcome, refused, throttled, busy, unknown, failed).',
      labelNames: ['result'] as const,
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
