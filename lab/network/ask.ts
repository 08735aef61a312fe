import { request } from 'node:https'

/** An endpoint that asks for a client certificate. */
export interface Endpoint {
  /** @default loopback */
  readonly host?: string
  readonly port: number
  readonly path: string
  /** PEM of the authority that signed the server's certificate. */
  readonly authority: string
  /** PEM of the client's certificate and its key. */
  readonly client: { readonly certificate: string; readonly key: string }
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
      host: endpoint.host ?? '127.0.0.1',
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
