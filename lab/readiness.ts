import { request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { KeyPair } from './certificates.ts'

/** An endpoint on loopback that asks for a client certificate. */
export interface Endpoint {
  readonly port: number
  readonly path: string
  /** PEM of the authority that signed the server's certificate. */
  readonly authority: string
  readonly client: KeyPair
}

export interface Answer {
  /** HTTP status; 0 when nothing answered. */
  readonly status: number
  readonly body: string
}

/** One GET; resolves with the status and body, and with status 0 when nothing answered within a second. */
export function ask(endpoint: Endpoint): Promise<Answer> {
  return new Promise((done) => {
    const silent = (): void => done({ status: 0, body: '' })
    const asked = request({
      host: '127.0.0.1',
      port: endpoint.port,
      path: endpoint.path,
      ca: endpoint.authority,
      cert: endpoint.client.certificate,
      key: endpoint.client.key,
      agent: false,
      timeout: 1_000,
    })
    asked.once('response', (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.once('end', () => done({ status: response.statusCode ?? 0, body }))
      response.once('error', silent)
    })
    asked.once('timeout', () => asked.destroy())
    asked.once('error', silent)
    asked.end()
  })
}

/**
 * Asks `check` every 50 ms until it says yes. `alive` ends the wait early when what is waited for has died; after
 * `patience` milliseconds it is given up. Both give the reason to report.
 */
export async function until(
  what: string,
  patience: number,
  check: () => Promise<boolean>,
  alive: () => boolean,
): Promise<{ ready: true } | { ready: false; reason: string }> {
  const deadline = Date.now() + patience
  while (!(await check())) {
    if (!alive()) return { ready: false, reason: `${what} ended` }
    if (Date.now() > deadline)
      return { ready: false, reason: `${what} was not ready after ${patience / 1000} s` }
    await sleep(50)
  }
  return { ready: true }
}

/** The conditions of a Kubernetes object's status, as far as the lab reads them. */
export const Conditions = z.array(z.object({ type: z.string(), status: z.string() }))

export function holds(conditions: z.infer<typeof Conditions> | null | undefined, type: string): boolean {
  return conditions?.some((one) => one.type === type && one.status === 'True') ?? false
}
