import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { runService } from '../../service/service.ts'
import { readSettings, SERVICE } from '../../service/settings.ts'

/** A service that tells what happens to it; `DO` says how it ends. */
const Variables = z
  .object({ ...SERVICE, DO: z.enum(['last', 'throw', 'hang', 'fail-to-close']) })
  .transform((env) => ({ metricsListen: env.DESKFLEET_METRICS_LISTEN, does: env.DO }))

await runService({
  name: 'example',
  settings: (environment) => readSettings(Variables, environment),
  async start({ settings, log, signal, ending, closing, metricsPort, readiness }) {
    let ready = false
    readiness.needs(() => (ready ? [] : ['not begun']))
    // As a server that gives its callers a moment to leave.
    closing.defer(() => ending.patience(10))
    closing.defer(() => log.info('closed first'))
    closing.defer(async () => {
      await sleep(10)
      log.info('closed last')
      if (settings.does === 'fail-to-close') throw new Error('it does not close')
    })
    ready = true
    log.info({ port: metricsPort }, 'begun')
    if (settings.does === 'throw') throw new Error('it broke')
    await ending.begun
    log.info({ aborted: signal.aborted }, 'told to end')
    if (settings.does === 'hang') await ending.patience(60_000)
  },
})
