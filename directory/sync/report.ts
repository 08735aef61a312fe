import type { Logger } from 'pino'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { type DirectoryFinding, MENDS } from '../findings.ts'
import type { Listener } from './synchronise.ts'

/** Told of refusals that were not there in the pass before. */
export type Tell = (news: readonly DirectoryFinding[]) => void

export interface Report extends Listener {
  leading(leads: boolean): void
  /** Whether this process does what it is there for: it waits for its turn, or has published at least once. */
  ready(): boolean
}

/** Turns what happens into log lines, metrics and, by `tell`, Events. A trouble that lasts is logged once. */
export function makeReport(registry: Registry, log: Logger, tell: Tell, wall: () => Date): Report {
  const metrics = makeMetrics(registry)
  let leads = false
  let published = false
  let trouble = ''
  let before = new Set<string>()
  const keyOf = (one: DirectoryFinding): string => `${one.reason} ${one.message}`
  return {
    ready: () => !leads || published,
    leading(now) {
      leads = now
      published = false
      metrics.leader.set(now ? 1 : 0)
      log.info(now ? 'this process leads the identity sync' : 'this process waits for its turn')
    },
    passed({ complete, people, findings, changes, milliseconds }) {
      published = true
      if (trouble) log.info('the directory answers again')
      trouble = ''
      metrics.people.set(people)
      metrics.duration.observe({ pass: complete ? 'full' : 'delta' }, milliseconds / 1_000)
      if (complete) metrics.fullPass.set(wall().getTime() / 1_000)
      for (const reason of Object.keys(MENDS)) {
        metrics.refusals.set({ reason }, findings.filter((one) => one.reason === reason).length)
      }
      const news = findings.filter((one) => !before.has(keyOf(one)))
      before = new Set(findings.map(keyOf))
      for (const one of news) log.warn({ reason: one.reason, subject: one.subject }, one.message)
      if (news.length > 0) tell(news)
      if (changes > 0)
        log.info({ people, changes, milliseconds: Math.round(milliseconds) }, 'identities published')
    },
    directoryFailed(error) {
      metrics.directoryErrors.inc({ problem: error.problem })
      if (trouble !== error.problem) log.error(`${error.message}; what was published stays`)
      trouble = error.problem
    },
    clusterFailed(error) {
      metrics.clusterErrors.inc()
      log.error(error.message)
    },
  }
}

function makeMetrics(registry: Registry) {
  const registers = [registry]
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name: `deskfleet_${name}`, help, labelNames, registers })
  const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
    new Counter({ name: `deskfleet_${name}`, help, labelNames, registers })
  return {
    leader: gauge('identity_sync_leader', '1 where this process leads'),
    people: gauge('identities_published', 'People known to the cluster'),
    fullPass: gauge('identity_sync_last_full_pass_timestamp_seconds', 'When everybody was last read'),
    refusals: gauge('identity_refusals', 'Entries of the directory that are refused, by reason', ['reason']),
    directoryErrors: counter('identity_sync_ldap_errors_total', 'Failed readings of the directory', [
      'problem',
    ]),
    clusterErrors: counter('identity_sync_api_errors_total', 'Failed requests to the API server'),
    duration: new Histogram({
      name: 'deskfleet_identity_sync_pass_seconds',
      help: 'How long a pass took',
      labelNames: ['pass'],
      buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100],
      registers,
    }),
  }
}
