import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import pino from 'pino'
import { systemClock } from '../lease/clock.ts'
import { startService } from './service.ts'
import { HARD_STOP, readSettings, type Settings } from './settings.ts'

/** The gateway: two replicas, all that they know in the cluster; one of them starts and stops desktops. */

const log = pino({ base: null, level: process.env.DESKFLEET_LOG_LEVEL ?? 'info' })

async function run(settings: Settings): Promise<void> {
  const stopping = new AbortController()
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  const onSignal = (signal: string) => {
    log.info({ signal }, stopping.signal.aborted ? 'hastening' : 'stopping')
    if (stopping.signal.aborted) second.resolve()
    stopping.abort()
    first.resolve()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromDefault()
  const me = process.env.POD_NAME || `${hostname()}-${process.pid}`
  const surroundings = { kubeConfig, log, clock: systemClock, me }
  const service = await startService(settings, surroundings, stopping.signal)
  await first.promise
  const wait = (ms: number) => sleep(ms, undefined, { ref: false })
  await service.stop(Promise.race([wait(settings.drain), second.promise]), wait(HARD_STOP))
  log.info('stopped')
}

const read = readSettings(process.env)
if ('faults' in read) {
  for (const fault of read.faults) log.fatal(`The environment is wrong: ${fault}.`)
  process.exit(2)
}
try {
  await run(read.settings)
  process.exit(0)
} catch (error) {
  if (error instanceof Error && error.name === 'AbortError') process.exit(0)
  log.fatal({ err: error }, error instanceof Error ? error.message : 'failed')
  process.exit(1)
}
