import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { AdmissionregistrationV1Api, CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import pino from 'pino'
import { keepCertificate } from '../../../certificates/keep.ts'
import { readKept } from '../../../certificates/read.ts'
import { reasonOf } from '../../../cluster/answer.ts'
import { AUTHORITY, NAMESPACES, WEBHOOK } from '../../../config/names.ts'
import { systemClock } from '../../../service/clock.ts'
import { openConnections } from '../../../service/connections.ts'
import { serveHttps } from '../../../service/https.ts'
import { CONNECTIONS, LIMITS } from '../../../webhook/limits.ts'

/** Ms between two looks at the certificate, and between two calls of one caller. */
const LOOK = 500
const PAUSE = 15

export interface Admissions {
  /** How often the API server was answered, each time over a connection of its own. */
  answered(): number
  /** What it said of calls that failed. */
  failures(): readonly string[]
  end(): Promise<void>
}

/**
 * A server in the webhook's place, served as the webhook is, with the certificate that the keeper makes, and two callers
 * who make pods as fast as they are answered. No connection is used twice: each call is a handshake of its own, by what
 * the API server trusts at that moment.
 */
export async function steadyAdmissions(cluster: KubeConfig): Promise<Admissions> {
  const ending = new AbortController()
  const core = cluster.makeApiClient(CoreV1Api)
  const place = { namespace: NAMESPACES.system, name: AUTHORITY.webhookSecret }
  const certificate = await keepCertificate(
    {
      hold: () => readKept(core, place),
      isSame: (before, after) => before.certificate === after.certificate,
      every: LOOK,
      clock: systemClock,
      log: pino({ level: 'silent' }),
    },
    ending.signal,
  )
  let answered = 0
  const serving = await serveHttps({
    listen: { host: '127.0.0.1', port: 0 },
    certificate: certificate.current(),
    limits: LIMITS,
    connections: openConnections(CONNECTIONS),
    request: (asked, answer) =>
      void text(asked).then((body) => {
        answered++
        const response = { uid: JSON.parse(body).request.uid, allowed: true }
        answer.writeHead(200, { 'content-type': 'application/json', connection: 'close' })
        answer.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }))
      }),
  })
  const following = certificate.follow(serving.renew, ending.signal)
  await leadTo(cluster, `https://127.0.0.1:${serving.port}${WEBHOOK.path}`)
  const failures: string[] = []
  const caller = async (name: string): Promise<void> => {
    for (let call = 0; !ending.signal.aborted; call++) {
      const body = {
        metadata: { name: `${name}-${call}` },
        spec: { containers: [{ name: 'c', image: 'x:1' }] },
      }
      // Whether such a pod is let in is not the question here: the policies are asked after the webhook.
      await core
        .createNamespacedPod({ namespace: NAMESPACES.desktops, body, dryRun: 'All' })
        .catch((error: unknown) => {
          if (/webhook/.test(reasonOf(error))) failures.push(reasonOf(error))
        })
      await sleep(PAUSE)
    }
  }
  const calling = Promise.all([caller('one'), caller('other')])
  return {
    answered: () => answered,
    failures: () => failures,
    async end() {
      ending.abort()
      await Promise.all([calling, following])
      await serving.drain(Promise.resolve(), Promise.resolve())
    },
  }
}

/** A lab without nodes cannot route to a Service. */
export async function leadTo(cluster: KubeConfig, url: string): Promise<void> {
  const registrations = cluster.makeApiClient(AdmissionregistrationV1Api)
  const { webhooks } = await registrations.readMutatingWebhookConfiguration({ name: WEBHOOK.configuration })
  const caBundle = webhooks?.[0]?.clientConfig?.caBundle
  await registrations.patchMutatingWebhookConfiguration({
    name: WEBHOOK.configuration,
    body: [
      { op: 'replace', path: '/webhooks/0/clientConfig', value: { url, caBundle } },
      // A busy machine is no failure of certificates.
      { op: 'replace', path: '/webhooks/0/timeoutSeconds', value: 30 },
    ],
  })
}
