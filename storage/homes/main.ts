import { hostname } from 'node:os'
import { KubeConfig } from '@kubernetes/client-node'
import { pino } from 'pino'
import { NAMESPACES, STORAGE } from '../../config/names.ts'
import { systemClock } from '../../lease/clock.ts'
import { leaseStore } from '../../lease/kubernetes.ts'
import { lead } from '../../lease/lead.ts'
import { serveReport } from '../serve.ts'
import { homesCluster } from './cluster.ts'
import { keepHomes } from './keep.ts'
import { makeReport } from './report.ts'

/** The only maker of homes and of their volumes: one process leads, others wait for their turn. */

const log = pino({ name: STORAGE.homes, level: process.env.DESKFLEET_LOG_LEVEL ?? 'info' })
const root = process.env.DESKFLEET_STORAGE || STORAGE.directory
const skeleton = process.env.DESKFLEET_SKELETON || '/etc/skel'
const trashAfter = Number(process.env.DESKFLEET_TRASH_AFTER_SECONDS || 600) * 1_000
const listen = process.env.DESKFLEET_METRICS_LISTEN || '0.0.0.0:9090'
const me = process.env.POD_NAME || `${hostname()}-${process.pid}`

const kube = new KubeConfig()
kube.loadFromDefault()

const ending = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort())

const report = makeReport(log, () => new Date())
const server = await serveReport(report, listen)
const cluster = homesCluster(kube)
const work = { root, skeleton, cluster, clock: systemClock, rules: { trashAfter }, listener: report }

try {
  await lead(
    {
      store: leaseStore(kube, NAMESPACES.storage, STORAGE.homes),
      me,
      clock: systemClock,
      signal: ending.signal,
      onError: (error) =>
        log.warn(`the Lease ${STORAGE.homes}: ${error instanceof Error ? error.message : error}`),
    },
    async (tenure) => {
      report.leading(true)
      await keepHomes(work, tenure).finally(() => report.leading(false))
    },
  )
} catch (error) {
  log.fatal(error)
  process.exitCode = 1
} finally {
  server.close()
  server.closeAllConnections()
}
