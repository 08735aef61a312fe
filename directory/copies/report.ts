import type { Logger } from 'pino'
import { Counter, Gauge, type Registry } from 'prom-client'
import { reasonOf } from '../../cluster/answer.ts'
import type { KeptCopy } from './decide.ts'
import type { Listener } from './keep.ts'

/** Ms: a night was left out, and half a day besides. */
const OLD = 36 * 3_600_000

export interface Report extends Listener {
  /** Why administrators should look here; nothing while there is a copy of the last night. */
  lacks(): readonly string[]
}

/** Turns what happens into log lines, metrics, and whether the pod is ready: that is where administrators look. */
export function makeReport(registry: Registry, log: Logger, wall: () => Date): Report {
  const registers = [registry]
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `deskfleet_directory_${name}`, help, registers })
  const metrics = {
    newest: gauge('copy_timestamp_seconds', 'When the newest copy of the directory was made; 0 without one'),
    people: gauge('copy_people', 'How many people are in it'),
    count: gauge('copies', 'How many copies lie there'),
    bytes: gauge('copy_bytes', 'Bytes of the copy that was made last'),
    failures: new Counter({
      name: 'deskfleet_directory_copy_failures_total',
      help: 'Times that a copy was due and was not made',
      registers,
    }),
  }
  let newest: KeptCopy | undefined
  let trouble = ''
  const because = () => (trouble === '' ? '' : `: ${trouble}`)
  return {
    lacks() {
      if (newest === undefined) return [`there is no copy of the directory${because()}`]
      const isOld = wall().getTime() - newest.at > OLD
      return isOld ? [`the newest copy is of ${new Date(newest.at).toISOString()}${because()}`] : []
    },
    looked(now, count) {
      newest = now
      metrics.newest.set((now?.at ?? 0) / 1_000)
      metrics.people.set(now?.people ?? 0)
      metrics.count.set(count)
    },
    made(name, bytes) {
      trouble = ''
      metrics.bytes.set(bytes)
      log.info({ name, bytes }, 'the directory was copied')
    },
    removed(name) {
      log.info({ name }, 'a copy that newer ones replace was removed')
    },
    failed(error) {
      metrics.failures.inc()
      const reason = reasonOf(error)
      if (reason !== trouble) log.error({ reason }, 'the directory was not copied; trying again')
      trouble = reason
    },
  }
}
