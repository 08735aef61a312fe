import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import { type Kept, keepCertificate } from '../certificates/keep.ts'
import { watchSecrets } from '../certificates/news.ts'
import { keptClient } from '../cluster/client.ts'
import { GATEWAY } from '../config/names.ts'
import type { Connections } from '../service/connections.ts'
import { type HttpsServing, serveHttps } from '../service/https.ts'
import type { ServiceContext } from '../service/service.ts'
import { balancerFront } from './listen/balancer.ts'
import { holdCertificate, isSameCertificate, SERVED_BY, type Served } from './listen/certificate.ts'
import { LIMITS } from './listen/limits.ts'
import type { Parts } from './request/parts.ts'
import type { Screens } from './screen/upgrade.ts'
import type { Settings } from './settings.ts'
import { gatewayApp } from './web/app.ts'

/** The pages as they are served, with the certificate kept current. */
export interface PageServing extends HttpsServing {
  /** Settles when the certificate is looked at no more. */
  readonly renewals: Promise<void>
}

const LOOK_AT_CERTIFICATE = 60_000

/** Waits for a certificate, then serves the pages and the screens. */
export async function servePages(
  context: ServiceContext<Settings>,
  cluster: KubeConfig,
  screens: Screens,
  connections: Connections,
  parts: Omit<Parts, 'addressOf' | 'strictTransport' | 'known'>,
): Promise<PageServing> {
  const { settings, log, signal, readiness } = context
  let served = false
  readiness.needs(() => (served ? [] : ['no certificate yet']))
  const certificate = await keepServed(context, cluster)
  const front = balancerFront(settings.believed)
  const serving = await serveHttps({
    listen: settings.listen,
    certificate: certificate.current().pair,
    limits: LIMITS,
    connections,
    front: front.receive,
    upgrade: screens.upgrade,
    request: gatewayApp({
      ...parts,
      known: (request, slug) => connections.know(request.socket, slug),
      addressOf: (request) => front.addressOf(request.socket),
      strictTransport: () => certificate.current().own,
    }),
  })
  served = true
  const { own } = certificate.current()
  log.info({ port: serving.port, hosts: settings.hosts, ownCertificate: own }, 'serving')
  const renewals = certificate.follow(({ pair, fault }) => {
    if (fault)
      log.warn({ secret: GATEWAY.certificateSecret, fault }, "the administrator's certificate is not used")
    serving.renew(pair)
  }, signal)
  return { ...serving, renewals }
}

function keepServed(
  { clock, log, signal, closing }: ServiceContext<Settings>,
  cluster: KubeConfig,
): Promise<Kept<Served>> {
  const api = keptClient(cluster, CoreV1Api)
  const news = watchSecrets(cluster, SERVED_BY, log)
  closing.defer(news.stop)
  const hold = () => holdCertificate(api, clock.wall)
  return keepCertificate(
    { hold, isSame: isSameCertificate, every: LOOK_AT_CERTIFICATE, news: news.bell, clock, log },
    signal,
  )
}
