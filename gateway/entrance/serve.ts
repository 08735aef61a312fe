import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import type { Pair } from '../../certificates/issue.ts'
import { keepCertificate } from '../../certificates/keep.ts'
import { watchSecrets } from '../../certificates/news.ts'
import { readKept } from '../../certificates/read.ts'
import { keptClient } from '../../cluster/client.ts'
import { AUTHORITY, NAMESPACES } from '../../config/names.ts'
import { openConnections } from '../../service/connections.ts'
import { type HttpsServing, serveHttps } from '../../service/https.ts'
import type { ServiceContext } from '../../service/service.ts'
import { LIMITS } from '../listen/limits.ts'
import type { Settings } from '../settings.ts'
import { type EntranceParts, entranceApp } from './app.ts'

/** The keeper's, also where people are shown an administrator's own: the ingress checks it by the door's root. */
const CERTIFICATE = { namespace: NAMESPACES.system, name: AUTHORITY.gatewaySecret } as const

const LOOK_AT_CERTIFICATE = 60_000

/** All come from a few addresses, those of the ingress, which keep their connections. */
const CONNECTIONS = { most: 1_000, perAddress: 500, perKnown: 500, strangerLife: 24 * 60 * 60_000 }

/** Answers the ingress; undefined where the room has no services with a login. */
export async function serveEntrance(
  { settings, log, clock, signal, closing }: ServiceContext<Settings>,
  cluster: KubeConfig,
  parts: EntranceParts,
): Promise<HttpsServing | undefined> {
  if (settings.entranceListen === undefined) return undefined
  const api = keptClient(cluster, CoreV1Api)
  const news = watchSecrets(cluster, [CERTIFICATE], log)
  closing.defer(news.stop)
  const certificate = await keepCertificate(
    {
      hold: () => readKept(api, CERTIFICATE),
      isSame: (before: Pair, after: Pair) => before.certificate === after.certificate,
      every: LOOK_AT_CERTIFICATE,
      news: news.bell,
      clock,
      log,
    },
    signal,
  )
  const serving = await serveHttps({
    listen: settings.entranceListen,
    certificate: certificate.current(),
    limits: LIMITS,
    connections: openConnections(CONNECTIONS),
    request: entranceApp(parts),
  })
  void certificate.follow(serving.renew, signal)
  return serving
}
