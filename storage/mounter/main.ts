import { KubeConfig } from '@kubernetes/client-node'
import { pino } from 'pino'
import { Counter, Gauge, Registry } from 'prom-client'
import { STORAGE } from '../../config/names.ts'
import { systemClock } from '../../lease/clock.ts'
import { serveReport } from '../serve.ts'
import { mounterCluster } from './cluster.ts'
import { keepMounts } from './keep.ts'
import { mountsBelow } from './mounts.ts'

/** Shows on this PC the homes that its pods use. Ends at once when told; the mounts are the PC's and stay. */

const log = pino({ name: STORAGE.mounter, level: process.env.DESKFLEET_LOG_LEVEL ?? 'info' })
const node = process.env.NODE_NAME
if (!node) {
  log.fatal('the environment variable NODE_NAME is missing: the chart sets it, see docs/storage.md')
  process.exit(1)
}
const listen = process.env.DESKFLEET_METRICS_LISTEN || '0.0.0.0:9090'
const kube = new KubeConfig()
kube.loadFromDefault()

const ending = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort())

const registry = new Registry()
const gauge = (name: string, help: string) =>
  new Gauge({ name: `deskfleet_mounter_${name}`, help, registers: [registry] })
const metrics = {
  storage: gauge('storage_there', '1 where the storage directory is there'),
  mounted: gauge('mounts', 'Folders shown on this PC'),
  awaited: gauge('awaited', 'Homes that pods wait for'),
  failures: new Counter({
    name: 'deskfleet_mounter_failures_total',
    help: 'Steps that failed and are tried again',
    registers: [registry],
  }),
}
let there: boolean | undefined
let trouble = ''
const server = await serveReport({ ready: () => there === true, registry }, listen)
const mounts = mountsBelow(
  process.env.DESKFLEET_RUN || STORAGE.run,
  process.env.DESKFLEET_STORAGE || STORAGE.directory,
)

await keepMounts(
  {
    mounts,
    cluster: mounterCluster(kube, node),
    clock: systemClock,
    listener: {
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
        const text = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
        if (text !== trouble) log.error(text)
        trouble = text
      },
    },
  },
  ending.signal,
)
server.close()
server.closeAllConnections()
