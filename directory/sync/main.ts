import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { KubeConfig } from '@kubernetes/client-node'
import { pino } from 'pino'
import { NAMESPACES } from '../../config/names.ts'
import { systemClock } from '../../lease/clock.ts'
import { leaseStore } from '../../lease/kubernetes.ts'
import { lead } from '../../lease/lead.ts'
import { openDirectory } from '../directory.ts'
import { clusterStore, readable } from './cluster.ts'
import { tellEvents } from './events.ts'
import { makeReport, serveReport } from './report.ts'
import { synchronise } from './synchronise.ts'

/** The identity sync: one process leads and publishes who is who; others wait for their turn. */

const LEASE = 'identity-sync'

const log = pino({ name: 'identity-sync', level: process.env.DESKFLEET_LOG_LEVEL ?? 'info' })

function setting(name: string): string {
  const value = process.env[name]
  if (value) return value
  log.fatal(`the environment variable ${name} is missing: the chart sets it, see docs/identity.md`)
  process.exit(1)
}

const address = { url: setting('DESKFLEET_LDAP_URL'), caFile: setting('DESKFLEET_LDAP_CA_FILE') }
const reader = {
  dn: setting('DESKFLEET_LDAP_BIND_DN'),
  passwordFile: setting('DESKFLEET_LDAP_PASSWORD_FILE'),
}
const listen = process.env.DESKFLEET_METRICS_LISTEN || '0.0.0.0:9090'
const me = process.env.POD_NAME || `${hostname()}-${process.pid}`

const kube = new KubeConfig()
kube.loadFromDefault()

const ending = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort())

const eventFailed = (error: unknown): void => log.warn(`an Event was not written: ${readable(error).message}`)
const report = makeReport(
  log,
  (news) => void tellEvents(kube, news, new Date(), eventFailed),
  () => new Date(),
)
const server = await serveReport(report, listen)
const store = clusterStore(kube)

try {
  await lead(
    {
      store: leaseStore(kube, NAMESPACES.system, LEASE),
      me,
      clock: systemClock,
      signal: ending.signal,
      onError: (error) =>
        log.warn(`the Lease ${LEASE} could not be read or written: ${readable(error).message}`),
    },
    async (tenure) => {
      const directory = openDirectory({
        url: address.url,
        baseDN: setting('DESKFLEET_LDAP_BASE_DN'),
        reach: async () => ({
          address: { url: address.url, ca: await readFile(address.caFile, 'utf8') },
          account: { dn: reader.dn, password: (await readFile(reader.passwordFile, 'utf8')).trim() },
        }),
      })
      report.leading(true)
      try {
        await synchronise({ directory, store, clock: systemClock, listener: report }, tenure)
      } finally {
        report.leading(false)
        await directory.close()
      }
    },
  )
} catch (error) {
  log.fatal(error)
  process.exitCode = 1
} finally {
  server.close()
  server.closeAllConnections()
}
