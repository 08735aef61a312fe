import { Agent, request } from 'node:https'
import { connect, type TLSSocket } from 'node:tls'
import pino from 'pino'
import { Registry } from 'prom-client'
import { newAuthority } from '../../certificates/authority.ts'
import type { Pair } from '../../certificates/issue.ts'
import { newLeaf } from '../../certificates/leaf.ts'
import { WEBHOOK } from '../../config/names.ts'
import { openConnections } from '../../service/connections.ts'
import { type Callers, type HttpsLimits, type HttpsServing, serveHttps } from '../../service/https.ts'
import { admissionApp } from '../../webhook/admit.ts'
import { CONNECTIONS, LIMITS } from '../../webhook/limits.ts'
import { newMetrics } from '../../webhook/metrics.ts'
import { known } from './people.ts'

/**
 * A webhook on loopback, as it runs in the cluster but for where its people and its certificate come from, and for its
 * patience: a busy machine may bring the largest body slowly.
 */
export interface Running {
  readonly serving: HttpsServing
  readonly registry: Registry
  readonly authority: Pair
  readonly metrics: ReturnType<typeof newMetrics>
}

export async function startWebhook(
  ready = () => true,
  requestTimeout = 60_000,
  callers?: Callers,
  limits: Partial<HttpsLimits> = {},
): Promise<Running> {
  const authority = await newAuthority({ name: 'test' }, new Date())
  const leaf = await newLeaf(authority, ['127.0.0.1'], new Date())
  const registry = new Registry()
  const metrics = newMetrics(registry, {
    identities: () => 5,
    identitiesSeen: () => 1_000,
    locked: () => 0,
    directoryChecked: () => 500,
    certificateEnds: () => 9_000,
    now: () => 3_500,
  })
  const log = pino({ level: 'silent' })
  const request = admissionApp({ known, ready, metrics, log, clock: () => performance.now() })
  const serving = await serveHttps({
    listen: { host: '127.0.0.1', port: 0 },
    certificate: leaf,
    limits: {
      ...LIMITS,
      requestTimeout,
      bodyTimeout: requestTimeout + 2_000,
      headersTimeout: requestTimeout,
      ...limits,
    },
    connections: openConnections(CONNECTIONS),
    ...(callers ? { callers } : {}),
    request,
  })
  return { serving, authority, metrics, registry }
}

/** Ends a server at once. */
export const stopNow = (serving: HttpsServing): Promise<void> =>
  serving.drain(Promise.resolve(), Promise.resolve())

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

export interface Post {
  readonly body: string | Buffer
  readonly method?: string
  readonly path?: string
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly agent?: Agent
}

/** One request, checked against the authority as the API server checks it. */
export function post(
  { serving, authority }: Pick<Running, 'serving' | 'authority'>,
  one: Post,
): Promise<Answer> {
  const { body, method = 'POST', path = WEBHOOK.path, type = 'application/json', headers = {} } = one
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: serving.port,
        ca: authority.certificate,
        method,
        path,
        agent: one.agent ?? new Agent({ keepAlive: false, ca: authority.certificate }),
        headers: {
          'content-type': type,
          ...('transfer-encoding' in headers ? {} : { 'content-length': Buffer.byteLength(body) }),
          ...headers,
        },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        )
        response.on('error', reject)
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** A bare connection, for bytes that no HTTP client would send. */
export function dial({ serving, authority }: Running): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: serving.port, ca: authority.certificate }
    const socket = connect(options, () => resolve(socket))
    socket.once('error', reject)
  })
}
