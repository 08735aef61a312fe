import type { RequestListener } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Pair } from '../certificates/authority.ts'

/** An address to listen on. Port 0 takes a free one. */
export interface Listen {
  readonly host: string
  readonly port: number
}

/** The running HTTPS server. */
export interface Serving {
  readonly port: number
  /** Serves another certificate from the next handshake on; open connections go on undisturbed. */
  renew(pair: Pair): void
  /**
   * Keeps answering, each answer with `Connection: close`, so that callers leave by themselves; closes when
   * `patience` (ms) is over, and drops what is still open when `end` resolves. Resolves when all are gone.
   */
  drain(patience: Promise<unknown>, end: Promise<unknown>): Promise<void>
}

/** For reading one request whole, in ms: more than the API server gives an answer. */
export const REQUEST_TIMEOUT = 3_000

/**
 * The API server keeps idle connections for 90 s. Ours must last longer, else a call and our closing cross
 * each other on the way, and the call is lost.
 */
const KEEP_ALIVE = 120_000

const LIMITS = {
  keepAliveTimeout: KEEP_ALIVE,
  connectionsCheckingInterval: 500,
  handshakeTimeout: 5_000,
  minVersion: 'TLSv1.2',
} as const

/** Starts to serve over TLS. A request that is not there whole within `requestTimeout` (ms) is answered with 408. */
export async function serve(
  listen: Listen,
  pair: Pair,
  listener: RequestListener,
  requestTimeout = REQUEST_TIMEOUT,
): Promise<Serving> {
  let draining = false
  const timeouts = { requestTimeout, headersTimeout: requestTimeout }
  const options = { ...LIMITS, ...timeouts, key: pair.key, cert: pair.certificate }
  const server = createServer(options, (request, response) => {
    if (draining) response.shouldKeepAlive = false
    listener(request, response)
  })
  server.on('clientError', refuseBytes)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listen.port, listen.host, resolve)
  })
  return {
    port: portOf(server),
    renew: ({ key, certificate }) =>
      server.setSecureContext({ key, cert: certificate, minVersion: LIMITS.minVersion }),
    async drain(patience, end) {
      draining = true
      await Promise.race([patience, end])
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      void end.then(() => server.closeAllConnections())
      await closed
    },
  }
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

/** What is not even HTTP, or too slow: the status that Node found, and a reason as JSON. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, message] = REFUSALS[error.code ?? ''] ?? ['400 Bad Request', 'this is not HTTP/1.1']
  const body = JSON.stringify({ status: Number.parseInt(status, 10), message })
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  )
}

const REFUSALS: Record<string, readonly [string, string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request took too long to arrive'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are too long'],
}
