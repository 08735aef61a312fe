import type { Logger } from 'pino'
import { Counter, Gauge, type Registry } from 'prom-client'
import { reasonOf } from '../../cluster/answer.ts'
import type { UsageListener } from '../usage/keep.ts'
import type { Listener } from './keep.ts'

export interface Report extends Listener, UsageListener {
  leading(leads: boolean): void
  /** Whether this process waits for its turn, or has gone through all homes at least once. */
  ready(): boolean
}

/** Turns what happens into log lines and metrics. A trouble that lasts is logged once. */
export function makeReport(registry: Registry, log: Logger, wall: () => Date): Report {
  const registers = [registry]
  const gauge = (name: string, help: string) => new Gauge({ name: `deskfleet_${name}`, help, registers })
  const counter = (name: string, help: string) => new Counter({ name: `deskfleet_${name}`, help, registers })
  const metrics = {
    leader: gauge('homes_leader', '1 where this process leads'),
    ready: gauge('homes_ready', 'People whose home is ready'),
    notReady: gauge('homes_not_ready', 'People whose home is not ready'),
    made: counter('homes_made_total', 'Homes made'),
    trashed: counter('homes_trashed_total', 'Homes of removed people moved to the trash'),
    failures: counter('homes_failures_total', 'Steps that failed and are tried again'),
    whole: gauge('storage_bytes', 'Bytes of the storage directory'),
    free: gauge('storage_free_bytes', 'Bytes of it that are left'),
    filesFree: gauge('storage_free_files', 'Files for which it has room'),
    lastPass: gauge('homes_last_pass_timestamp_seconds', 'When all homes were last looked at'),
    duration: gauge('homes_last_pass_seconds', 'How long that took'),
  }
  let leads = false
  let passed = false
  let before = new Set<string>()
  return {
    ready: () => !leads || passed,
    leading(now) {
      leads = now
      passed = false
      metrics.leader.set(now ? 1 : 0)
      log.info(now ? 'this process makes the homes' : 'this process waits for its turn')
    },
    passed(decision, { made, trashed, failures, verdicts }, milliseconds) {
      passed = true
      metrics.ready.set(decision.ready)
      metrics.notReady.set(decision.notReady)
      metrics.made.inc(made)
      metrics.trashed.inc(trashed)
      metrics.failures.inc(failures.length)
      metrics.lastPass.set(wall().getTime() / 1_000)
      metrics.duration.set(milliseconds / 1_000)
      if (decision.space) {
        metrics.whole.set(decision.space.whole)
        metrics.free.set(decision.space.free)
        metrics.filesFree.set(decision.space.filesFree)
      }
      if (made + trashed > 0) log.info({ made, trashed, ready: decision.ready }, 'homes changed')
      for (const { person, problem } of verdicts) {
        if (problem && problem.reason !== 'Binding')
          log.warn({ person: person.slug, reason: problem.reason }, problem.message)
      }
      const troubles = [...decision.findings.map((one) => one.message), ...failures.map((one) => one.message)]
      for (const text of troubles) if (!before.has(text)) log.error(text)
      before = new Set(troubles)
    },
    measured(_set, { homes }, entries, milliseconds) {
      log.info({ homes: homes.size, entries, milliseconds: Math.round(milliseconds) }, 'homes were measured')
    },
    failed(error) {
      metrics.failures.inc()
      log.error(reasonOf(error))
    },
  }
}
