import { readFileSync } from 'node:fs'
import { CoreV1Api } from '@kubernetes/client-node'
import type { Pair } from '../certificates/issue.ts'
import { type Kept, keepCertificate } from '../certificates/keep.ts'
import { watchSecrets } from '../certificates/news.ts'
import { endOf } from '../certificates/pair.ts'
import { readKept } from '../certificates/read.ts'
import { keptClient, ownCluster } from '../cluster/client.ts'
import { watchDirectoryChecked } from '../cluster/directory-checked.ts'
import { watchIdentities } from '../cluster/identities.ts'
import { watchLockedPeople } from '../cluster/locked-people.ts'
import { AUTHORITY, NAMESPACES } from '../config/names.ts'
import { stalenessOf } from '../config/staleness.ts'
import { openConnections } from '../service/connections.ts'
import { type Callers, serveHttps } from '../service/https.ts'
import type { ServiceContext } from '../service/service.ts'
import { admissionApp } from './admit.ts'
import { CONNECTIONS, LIMITS } from './limits.ts'
import { newMetrics } from './metrics.ts'
import type { Settings } from './settings.ts'

/** How often the certificate is looked at where nothing is heard of it, in ms. */
const LOOK = 60_000

/** Answers reviews until the signal aborts, and then for as long as the API server may not have heard of it. */
export async function startWebhook(context: ServiceContext<Settings>): Promise<void> {
  const { settings, log, clock, signal, ending, closing, readiness, registry } = context
  const cluster = ownCluster()
  // Of ten thousand people no more is kept than admission needs.
  const people = watchIdentities(cluster, log, ({ metadata, spec }) => ({ metadata, spec }), { clock })
  closing.defer(people.stop)
  const locks = watchLockedPeople(cluster, log)
  closing.defer(locks.stop)
  const checked = watchDirectoryChecked(cluster, log, clock)
  closing.defer(checked.stop)
  const now = () => clock.wall().getTime()
  let kept: Kept<Pair> | undefined
  readiness.needs(() => [
    ...(people.ready() ? [] : ['nobody is known yet']),
    ...(locks.ready() ? [] : ['who is locked is not known yet']),
    ...(checked.ready() ? [] : ['when the directory was read is not known yet']),
    ...(kept ? [] : ['no certificate yet']),
  ])
  const metrics = newMetrics(registry, {
    identities: people.size,
    identitiesSeen: people.seen,
    locked: () => (locks.gone() ? Number.NaN : locks.size()),
    certificateEnds: () => kept && endOf(kept.current()),
    directoryChecked: checked.at,
    now,
  })
  const api = keptClient(cluster, CoreV1Api)
  const place = { namespace: NAMESPACES.system, name: AUTHORITY.webhookSecret }
  const news = watchSecrets(cluster, [place], log)
  closing.defer(news.stop)
  const hold = () => readKept(api, place)
  const isSame = (before: Pair, after: Pair) => before.certificate === after.certificate
  const certificate = await keepCertificate(
    { hold, isSame, every: LOOK, news: news.bell, clock, log },
    signal,
  )
  const serving = await serveHttps({
    listen: settings.listen,
    certificate: certificate.current(),
    limits: LIMITS,
    connections: openConnections(CONNECTIONS),
    ...(settings.callers ? { callers: read(settings.callers) } : {}),
    request: admissionApp({
      known: {
        ...{ lookup: people.get, locks },
        staleness: () => stalenessOf(checked.at(), now(), settings.maxStale),
      },
      ready: () => people.ready() && locks.ready() && checked.ready(),
      ...{ metrics, log, clock: clock.now },
    }),
  })
  kept = certificate
  log.info({ port: serving.port }, 'serving')
  const following = certificate.follow((pair) => {
    serving.renew(pair)
    log.info('serving another certificate')
  }, signal)
  await ending.begun
  await Promise.all([serving.drain(ending.patience(settings.drain), ending.hard), following])
}

const read = ({ commonName, authorityFile }: NonNullable<Settings['callers']>): Callers => ({
  commonName,
  authority: readFileSync(authorityFile, 'utf8'),
})
