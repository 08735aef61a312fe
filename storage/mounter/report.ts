import type { Logger } from 'pino'
import { Counter, Gauge, type Registry } from 'prom-client'
import { reasonOf } from '../../cluster/answer.ts'
import type { Listener } from './keep.ts'

export interface Report extends Listener {
  /** Whether the storage directory was there at the last look. */
  ready(): boolean
}

/** Turns what happens into log lines and metrics. A trouble that lasts is logged once. */
export function makeReport(registry: Registry, log: Logger): Report {
  const registers = [registry]
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `deskfleet_mounter_${name}`, help, registers })
  const metrics = {
    storage: gauge('storage_there', '1 where the storage directory is there'),
    mounted: gauge('mounts', 'Folders shown on this PC'),
    awaited: gauge('awaited', 'Homes that pods wait for'),
    failures: new Counter({
      name: 'deskfleet_mounter_failures_total',
      help: 'Steps that failed and are tried again',
      registers,
    }),
  }
  let there: boolean | undefined
  let trouble = ''
  return {
    ready: () => there === true,
    passed({ storage, mounted, awaited }) {
      if (storage !== there && !storage) log.error('the storage directory is not there: nothing is mounted')
      if (storage !== there && storage) log.info('the storage directory is there')
      there = storage
      if (awaited === 0) trouble = ''
      metrics.storage.set(storage ? 1 : 0)
      metrics.mounted.set(mounted)
      metrics.awaited.set(awaited)
    },
    failed(error) {
      metrics.failures.inc()
      const text = reasonOf(error)
      if (text !== trouble) log.error(text)
      trouble = text
    },
  }
}
