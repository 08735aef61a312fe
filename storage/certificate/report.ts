import type { Logger } from 'pino'
import { Gauge, type Registry } from 'prom-client'
import { reasonOf } from '../../cluster/answer.ts'
import type { Listener, Standing } from './keep.ts'

export interface Report extends Listener {
  /** Whether Gluster could be known by what lay there at the last look. */
  usable(): boolean
}

/** Turns what becomes of this PC's certificate into log lines and metrics. What lasts is logged once. */
export function certificateReport(registry: Registry, log: Logger): Report {
  let last: Standing | undefined
  let trouble: string | undefined
  new Gauge({
    name: 'deskfleet_pool_certificate_not_after_seconds',
    help: 'When this PC’s certificate for the Gluster pool ends, in seconds since the epoch; 0 where there is none',
    registers: [registry],
    collect() {
      this.set((last?.until ?? 0) / 1_000)
    },
  })
  return {
    usable: () => last?.usable === true,
    looked(standing) {
      const { usable, waitsFor } = standing
      if (waitsFor !== undefined && waitsFor !== last?.waitsFor)
        log.warn({ usable }, `this PC’s certificate for the Gluster pool: ${waitsFor}`)
      if (usable && last?.usable !== true) log.info('this PC has a certificate for the Gluster pool')
      last = standing
    },
    laid() {
      trouble = undefined
      log.info('this PC’s certificate for the Gluster pool is another one now')
    },
    failed(error) {
      const reason = reasonOf(error)
      if (reason !== trouble)
        log.error({ reason }, 'this PC’s certificate for the Gluster pool: it is tried again')
      trouble = reason
    },
  }
}
