import type { Logger } from 'pino'
import { Counter, Gauge, type Registry } from 'prom-client'
import { reasonOf } from '../../../cluster/answer.ts'
import type { EventNews } from '../../../cluster/events.ts'
import { API_GROUP, API_VERSION, GLUSTER, GLUSTER_VOLUME, NAMESPACES } from '../../../config/names.ts'
import type { UsageListener } from '../../usage/keep.ts'
import type { OwnListener } from '../pc/keep.ts'
import type { Verdict } from '../plan/alone.ts'
import type { Finding } from '../plan/facts.ts'
import type { LeadListener } from './lead.ts'

export interface Report extends LeadListener, OwnListener, UsageListener {
  leading(leads: boolean): void
  /** What the rule of two bricks says of this one. */
  judged(verdict: Verdict): void
  /** What this PC still lacks to be of use. */
  lacks(): string[]
}

/** Turns what happens into log lines, metrics and Events. A trouble that lasts is logged once. */
export function makeReport(
  registry: Registry,
  log: Logger,
  warn: (news: readonly EventNews[]) => void,
): Report {
  const registers = [registry]
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `deskfleet_gluster_${name}`, help, registers })
  const metrics = {
    leader: gauge('leader', '1 where this process keeps the volume'),
    bytes: gauge('bytes', 'Bytes for which the volume has room'),
    free: gauge('free_bytes', 'Bytes of it that are left'),
    copies: gauge('copies', 'Copies of each file'),
    sets: gauge('sets', 'Sets of bricks that the files are spread over'),
    pending: gauge('pending_entries', 'Entries that are being brought up to date, of the set that has most'),
    findings: new Gauge({
      name: 'deskfleet_gluster_findings',
      help: 'What is so and should not be',
      labelNames: ['severity', 'reason'],
      registers,
    }),
    changes: new Counter({
      name: 'deskfleet_gluster_changes_total',
      help: 'Changes asked of Gluster',
      labelNames: ['change', 'answer'],
      registers,
    }),
    brick: gauge('brick_fit', '1 where the brick of this PC passed its check'),
    serving: gauge('brick_serving', '1 where a process serves the brick of this PC'),
    failures: new Counter({
      name: 'deskfleet_gluster_failures_total',
      help: 'Steps that failed and are tried again',
      registers,
    }),
  }
  let lacks: string[] = ['this PC was not looked at yet']
  let [why, trouble, rule] = ['', '', '']
  let before = new Set<string>()
  return {
    lacks: () => lacks,
    judged({ why, serve }) {
      if (why !== rule) log[serve ? 'info' : 'warn']({ serve }, why)
      rule = why
    },
    leading(leads) {
      metrics.leader.set(leads ? 1 : 0)
      log.info(leads ? 'this process keeps the volume' : 'this process keeps its own PC alone')
    },
    passed(facts, decision) {
      const fault = facts.brick === 'unread' ? 'unread' : facts.brick.fault
      metrics.brick.set(fault === undefined ? 1 : 0)
      metrics.serving.set(facts.serving ? 1 : 0)
      lacks = [
        ...(facts.glusterd ? [] : [decision.why]),
        ...(fault === undefined ? [] : [`the brick: ${fault}`]),
      ]
      const said = `${decision.change ?? ''} ${decision.why} ${fault ?? ''}`
      if (said !== why) log.info({ change: decision.change, brick: fault ?? 'fit' }, decision.why)
      why = said
    },
    looked({ unread }, { findings }, status) {
      metrics.bytes.set(status.bytes)
      metrics.free.set(status.free)
      metrics.copies.set(status.copies)
      metrics.sets.set(status.sets.length)
      metrics.pending.set(Math.max(0, ...status.sets.map(({ pending }) => pending)))
      metrics.findings.reset()
      for (const { severity, reason } of findings) metrics.findings.inc({ severity, reason })
      const texts = findings.map(textOf)
      for (const one of findings)
        if (!before.has(textOf(one)))
          log[LEVELS[one.severity]]({ where: one.where, reason: one.reason, mend: one.mend }, one.what)
      before = new Set(texts)
      for (const { part, why } of unread) log.debug({ part, reason: why }, 'Gluster did not tell')
      warn(findings.filter(({ severity }) => severity !== 'working').map(eventOf))
    },
    measured(set, { homes }, entries, milliseconds) {
      log.info(
        { set, homes: homes.size, entries, milliseconds: Math.round(milliseconds) },
        'the files of this set were measured',
      )
    },
    acted({ change, answer }) {
      const word = answer === undefined ? 'lost' : answer === 'accepted' ? 'accepted' : 'refused'
      metrics.changes.inc({ change: change.change, answer: word })
      log.info({ change, answer: answer ?? 'no answer' }, `asked of Gluster: ${change.change}`)
    },
    failed(error) {
      metrics.failures.inc()
      const text = reasonOf(error)
      if (text !== trouble) log.error(text)
      trouble = text
    },
  }
}

const LEVELS = { trouble: 'error', degraded: 'warn', short: 'info', working: 'info' } as const
const textOf = ({ reason, where, what }: Finding): string => `${reason} ${where} ${what}`

const REGARDING = {
  apiVersion: `${API_GROUP}/${API_VERSION}`,
  kind: GLUSTER_VOLUME.kind,
  namespace: NAMESPACES.storage,
  name: GLUSTER.volume,
}

const eventOf = ({ reason, where, what, mend }: Finding): EventNews => ({
  regarding: REGARDING,
  reason,
  message: `${where}: ${what}. ${mend}`,
})
