import { Agent, request } from 'node:https'
import { connect, type TLSSocket } from 'node:tls'
import pino from 'pino'
import { newAuthority, type Pair } from '../../certificates/authority.ts'
import { newLeaf } from '../../certificates/leaf.ts'
import { WEBHOOK } from '../../config/names.ts'
import { admissionApp } from '../../webhook/admit.ts'
import { newMetrics } from '../../webhook/metrics.ts'
import { type Serving, serve } from '../../webhook/serve.ts'
import { lookup } from './people.ts'

/**
 * A webhook on loopback, as it runs in the cluster but for where its people and its certificate come from, and for its
 * patience: a busy machine may bring the largest body slowly.
 */
export interface Running {
  readonly serving: Serving
  readonly authority: Pair
  readonly metrics: ReturnType<typeof newMetrics>
}

export async function startWebhook(ready = () => true, requestTimeout = 60_000): Promise<Running> {
  const authority = await newAuthority('test', new Date())
  const leaf = await newLeaf(authority, ['127.0.0.1'], new Date())
  const metrics = newMetrics({
    identities: () => 5,
    identitiesSeen: () => 1_000,
    certificateEnds: () => 9_000,
    now: () => 3_500,
  })
  const log = pino({ level: 'silent' })
  const app = admissionApp({ lookup, ready, metrics, log, clock: () => performance.now() })
  const serving = await serve({ host: '127.0.0.1', port: 0 }, leaf, app, requestTimeout)
  return { serving, authority, metrics }
}

/** Ends a server at once. */
export const stopNow = (serving: Serving): Promise<void> =>
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
