import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export type Metrics = ReturnType<typeof newMetrics>

/** 0.25 ms, where a good answer is, to 2 s, where the API server gives up. */
const SECONDS = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2]

/** What the gauges that are asked, not told, tell. Times in ms since the epoch, or nothing when not known yet. */
export interface Known {
  identities(): number
  identitiesSeen(): number | undefined
  /** People who are locked in the cluster itself; NaN where the list of them is gone. */
  locked(): number
  /** When the identity sync last read everybody. */
  directoryChecked(): number
  certificateEnds(): number | undefined
  now(): number
}

/** The webhook's own metrics, in that registry. */
export function newMetrics(registry: Registry, known: Known) {
  const registers = [registry]
  asked(registers, 'identities', 'People the webhook knows.', () => known.identities())
  asked(registers, 'identities_age_seconds', 'Time since the API server last showed who is who.', () => {
    const seen = known.identitiesSeen()
    return seen === undefined ? Number.NaN : (known.now() - seen) / 1000
  })
  asked(
    registers,
    'directory_age_seconds',
    'Time since the identity sync last read the whole directory and published it.',
    () => (known.now() - known.directoryChecked()) / 1000,
  )
  asked(registers, 'locked_people', 'People locked in the cluster itself; NaN where nobody can tell.', () =>
    known.locked(),
  )
  asked(
    registers,
    'certificate_not_after_seconds',
    'When the served certificate ends, in seconds since 1970.',
    () => {
      const ends = known.certificateEnds()
      return ends === undefined ? Number.NaN : ends / 1000
    },
  )
  return {
    duration: new Histogram({
      name: 'deskfleet_webhook_admission_duration_seconds',
      help: 'From the last byte of a review to its answer.',
      buckets: SECONDS,
      registers,
    }),
    decisions: new Counter({
      name: 'deskfleet_webhook_decisions_total',
      help: 'Reviews by result (patched, untouched, refused, rejected, failed) and reason.',
      labelNames: ['result', 'reason'] as const,
      registers,
    }),
    inFlight: new Gauge({
      name: 'deskfleet_webhook_in_flight',
      help: 'Requests being read or answered.',
      registers,
    }),
  }
}

function asked(registers: Registry[], name: string, help: string, value: () => number): void {
  new Gauge({
    name: `deskfleet_webhook_${name}`,
    help,
    registers,
    collect() {
      this.set(value())
    },
  })
}
