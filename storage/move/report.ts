import type { Logger } from 'pino'
import { Counter, Gauge, type Registry } from 'prom-client'
import { reasonOf } from '../../cluster/answer.ts'
import type { Listener } from './keep.ts'

export interface Report extends Listener {
  leading(leads: boolean): void
  /** Whether this process waits for its turn, or has looked at all homes at least once. */
  ready(): boolean
}

/** Turns what happens into log lines and metrics. A trouble that lasts is logged once. */
export function makeReport(registry: Registry, log: Logger): Report {
  const registers = [registry]
  const gauge = (name: string, help: string) => new Gauge({ name: `deskfleet_move_${name}`, help, registers })
  const metrics = {
    leader: gauge('leader', '1 where this process leads'),
    moved: gauge('homes_moved', 'Homes that lie where they shall'),
    toGo: gauge('homes_to_go', 'Homes that lie on the other storage'),
    waiting: gauge('homes_waiting', 'Homes whose copy is ready and whose desktop runs'),
    held: gauge('homes_held', 'Homes that are kept from their person this moment'),
    troubles: gauge('troubles', 'Homes that somebody must look at, or whose step failed and is tried again'),
    steps: new Counter({
      name: 'deskfleet_move_steps_total',
      help: 'What was done',
      labelNames: ['step'],
      registers,
    }),
    failures: new Counter({ name: 'deskfleet_move_failures_total', help: 'Steps that failed', registers }),
  }
  let leads = false
  let looked = false
  let trouble = ''
  let known = new Set<string>()
  return {
    ready: () => !leads || looked,
    leading(now) {
      leads = now
      looked = false
      metrics.leader.set(now ? 1 : 0)
      log.info(now ? 'this process moves homes' : 'this process waits for its turn')
    },
    stepped(name, step, worked) {
      metrics.steps.inc({ step })
      log.info({ home: name, step, worked }, 'a step of the move')
    },
    told({ moved, toGo, waiting, held, troubles }) {
      looked = true
      metrics.moved.set(moved)
      metrics.toGo.set(toGo)
      metrics.waiting.set(waiting)
      metrics.held.set(held)
      metrics.troubles.set(troubles.length)
      const lines = troubles.map(({ name, why }) => `${name}: ${why}`)
      for (const line of lines) if (!known.has(line)) log.error(line)
      known = new Set(lines)
    },
    failed(error) {
      metrics.failures.inc()
      const text = reasonOf(error)
      if (text !== trouble) log.error(text)
      trouble = text
    },
  }
}
