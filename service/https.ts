import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer, type Server as HttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { limitBody } from './body-time.ts'
import type { Connections } from './connections.ts'
import type { Listen } from './settings.ts'
import { commonNameOf, MODERN, provenPeer } from './tls.ts'

/** A server's certificate and its private key, both PEM. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
}

/** Who proves by a certificate that they may call: one of those with that common name. */
export interface Callers {
  /** PEM: what signs for them. */
  readonly authority: string
  readonly commonName: string
}

/** Times in ms. */
export interface HttpsLimits {
  readonly headersTimeout: number
  /** Until a whole request is there, which then is answered 408; 0 where some are let take longer. */
  readonly requestTimeout: number
  /** Until the body is there, by any method; see `mayTakeLong` for those that need more. */
  readonly bodyTimeout: number
  /** A connection by which nothing comes or goes for so long ends, but for one that was upgraded. */
  readonly silence: number
  readonly keepAliveTimeout: number
  readonly handshakeTimeout: number
  /**
   * Whether a connection by which nothing was asked yet may stay for as long as any other silent one. Who keeps a pool
   * opens some in advance, and loses a call when one is closed just as it is used. @default it ends as `headersTimeout` says
   */
  readonly keepUnused?: boolean
  /** How often the times above are looked at. */
  readonly connectionsCheckingInterval: number
  readonly maxHeaderSize?: number
  readonly maxHeadersCount?: number
}

export interface HttpsOptions {
  readonly listen: Listen
  readonly certificate: Certificate
  readonly limits: HttpsLimits
  readonly request: RequestListener
  /** The only ones who are served. @default everybody */
  readonly callers?: Callers
  /** Without it an upgrade is answered as a plain request. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** Counts every connection, and ends those that are too many. */
  readonly connections: Connections
  /** Sees each connection before TLS begins, and passes it on with the address of who is there, or ends it. */
  readonly front?: (socket: Socket, pass: (address: string) => void) => void
}

/** The running HTTPS server. */
export interface HttpsServing {
  readonly port: number
  /** Serves another certificate from the next handshake on; open connections go on undisturbed. */
  renew(certificate: Certificate): void
  /**
   * Keeps answering, each answer with `Connection: close`, so that callers leave by themselves; takes no new
   * connections when `patience` is over, and drops what is still open when `end` resolves. Resolves when all are gone.
   */
  drain(patience: Promise<unknown>, end: Promise<unknown>): Promise<void>
}

/** Ms between looks for connections that have become idle while the server closes. */
const SWEEP = 200

export async function serveHttps(options: HttpsOptions): Promise<HttpsServing> {
  const { listen, upgrade, connections } = options
  let draining = false
  const https = httpsServer(options, () => draining)
  if (upgrade) https.on('upgrade', upgrade)
  const sockets = new Set<Socket>()
  const server = options.front ? behindFront(https, options.front, connections) : https
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    if (server === https) connections.enter(socket, socket.remoteAddress ?? '')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listen.port, listen.host, resolve)
  })
  return {
    port: portOf(server),
    renew: ({ key, certificate }) =>
      https.setSecureContext({ ...MODERN, ...trusting(options.callers), key, cert: certificate }),
    async drain(patience, end) {
      draining = true
      await Promise.race([patience, end])
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      https.closeIdleConnections()
      const sweep = setInterval(() => https.closeIdleConnections(), SWEEP)
      void end.then(() => {
        for (const socket of sockets) socket.destroy()
      })
      await closed
      clearInterval(sweep)
      if (server !== https) https.close(() => {})
    },
  }
}

const trusting = (callers: Callers | undefined) => (callers ? { ca: callers.authority } : {})

function httpsServer(
  { certificate, limits, request, callers }: HttpsOptions,
  draining: () => boolean,
): HttpsServer {
  const { maxHeadersCount, bodyTimeout, silence, keepUnused = false, ...times } = limits
  const tls = { ...MODERN, ...trusting(callers), key: certificate.key, cert: certificate.certificate }
  const asks = callers ? { requestCert: true, rejectUnauthorized: true } : {}
  const https = createServer({ ...times, ...tls, ...asks, ALPNProtocols: ['http/1.1'] }, (asked, answer) => {
    if (callers && !isOneOf(callers, asked)) return refuseCaller(callers, answer)
    limitBody(asked, bodyTimeout)
    if (draining()) answer.shouldKeepAlive = false
    request(asked, answer)
  })
  if (maxHeadersCount !== undefined) https.maxHeadersCount = maxHeadersCount
  https.timeout = silence
  https.on('clientError', (error, socket) => {
    if (!isUnused(error, socket)) refuseBytes(error, socket)
    // Left alone it is timed anew by Node when something does come.
    else if (!keepUnused) socket.destroy()
  })
  https.on('tlsClientError', (_error, socket) => socket.destroy())
  return https
}

/** A connection shows one certificate for all its requests (TLS 1.3 cannot ask anew), so it is read once. */
const served = new WeakMap<Socket, boolean>()

function isOneOf({ commonName }: Callers, { socket }: IncomingMessage): boolean {
  const known = served.get(socket)
  if (known !== undefined) return known
  const shown = provenPeer(socket)
  const isServed = shown !== undefined && commonNameOf(shown) === commonName
  served.set(socket, isServed)
  return isServed
}

function refuseCaller({ commonName }: Callers, answer: ServerResponse): void {
  const body = JSON.stringify({
    status: 403,
    message: `only ${commonName} is served here, by its certificate`,
  })
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
  answer.writeHead(403, { ...headers, Connection: 'close' }).end(body)
}

function behindFront(
  https: HttpsServer,
  front: NonNullable<HttpsOptions['front']>,
  connections: Connections,
): Server {
  const tcp = createTcpServer({ noDelay: true, pauseOnConnect: false }, (socket) => {
    // Unheard, a connection that is cut would end the process.
    socket.on('error', () => {})
    front(socket, (address) => {
      connections.enter(socket, address)
      if (!socket.destroyed) https.emit('connection', socket)
    })
  })
  // It listens at no port of its own, and begins to count and time its connections only when it hears this.
  tcp.once('listening', () => https.emit('listening'))
  return tcp
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

/** Whether Node's patience is over with a connection by which not a byte of HTTP has come. */
const isUnused = ({ code }: NodeJS.ErrnoException, socket: Duplex): boolean =>
  code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket instanceof TLSSocket && socket.bytesRead === 0

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
