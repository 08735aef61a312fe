import type { IncomingMessage, RequestListener } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, type BlockList, createServer as createTcp, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Pair } from '../../certificates/authority.ts'
import { readProxyHeader } from './proxy-protocol.ts'

/** An address to listen on. Port 0 takes a free one. */
export interface Listen {
  readonly host: string
  readonly port: number
}

export interface Serving {
  readonly port: number
  /** Serves another certificate from the next handshake on; open connections go on undisturbed. */
  renew(pair: Pair): void
  /** Who is at the other end: the socket's address, or the one that a believed balancer told. */
  addressOf(socket: Duplex): string
  /** Takes no new connections, lets each answer end its connection, and drops what is still open when `end` resolves. */
  drain(end: Promise<unknown>): Promise<void>
}

export interface Handlers {
  readonly request: RequestListener
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
}

/** Ms. Uploads take longer than any request should: only the head has a limit, routes limit bodies themselves. */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 0,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
  handshakeTimeout: 10_000,
  maxHeaderSize: 16 * 1024,
  minVersion: 'TLSv1.2',
  ALPNProtocols: ['http/1.1'],
} as const
const MOST_HEADERS = 60
const PROXY_TIMEOUT = 5_000
const MOST_CONNECTIONS = 4_000

/** Serves HTTPS. Connections from `believed` must begin with a PROXY header; any other that does is no TLS, and ends. */
export async function serve(
  listen: Listen,
  pair: Pair,
  believed: BlockList,
  { request, upgrade }: Handlers,
): Promise<Serving> {
  const told = new Map<string, string>()
  let draining = false
  const https = createServer({ ...LIMITS, key: pair.key, cert: pair.certificate }, (asked, answer) => {
    if (draining) answer.shouldKeepAlive = false
    request(asked, answer)
  })
  https.maxHeadersCount = MOST_HEADERS
  https.on('upgrade', upgrade)
  https.on('clientError', refuseBytes)
  https.on('tlsClientError', (_error, socket) => socket.destroy())
  const sockets = new Set<Socket>()
  const tcp = createTcp({ noDelay: true, pauseOnConnect: false }, (socket) => {
    sockets.add(socket)
    const key = keyOf(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      told.delete(key)
    })
    // Unheard, a connection that is cut would end the process.
    socket.on('error', () => {})
    const { remoteAddress = '', remoteFamily } = socket
    const fromBalancer = believed.check(
      plain(remoteAddress),
      isSix(remoteAddress, remoteFamily) ? 'ipv6' : 'ipv4',
    )
    if (!fromBalancer) {
      https.emit('connection', socket)
      return
    }
    readHeader(socket, (address) => {
      if (address !== undefined) told.set(key, address)
      https.emit('connection', socket)
    })
  })
  tcp.maxConnections = MOST_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    tcp.once('error', reject)
    tcp.listen(listen.port, listen.host, resolve)
  })
  return {
    port: portOf(tcp),
    renew: ({ key, certificate }) =>
      https.setSecureContext({ key, cert: certificate, minVersion: LIMITS.minVersion }),
    addressOf: (socket) => told.get(keyOf(socket)) ?? plain(addressOf(socket)),
    async drain(end) {
      draining = true
      const closed = new Promise<void>((resolve) => tcp.close(() => resolve()))
      https.closeIdleConnections()
      const sweep = setInterval(() => https.closeIdleConnections(), 200)
      void end.then(() => {
        for (const socket of sockets) socket.destroy()
      })
      await closed
      clearInterval(sweep)
    },
  }
}

const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '')
const isSix = (address: string, family: string | undefined): boolean =>
  family === 'IPv6' && plain(address) === address

const addressOf = (socket: Duplex): string =>
  'remoteAddress' in socket && typeof socket.remoteAddress === 'string' ? socket.remoteAddress : ''

/** TLS wraps the socket, but both know the other end: address and port name a connection while it lives. */
const keyOf = (socket: Duplex): string =>
  `${addressOf(socket)} ${'remotePort' in socket ? String(socket.remotePort) : ''}`

/** Reads exactly the header, and leaves every byte behind it to TLS. */
function readHeader(socket: Socket, done: (address: string | undefined) => void): void {
  const timer = setTimeout(() => socket.destroy(), PROXY_TIMEOUT)
  let bytes = Buffer.alloc(0)
  const finish = () => {
    clearTimeout(timer)
    socket.off('readable', look)
    socket.off('close', finish)
  }
  const look = () => {
    for (let chunk: unknown = socket.read(); Buffer.isBuffer(chunk); chunk = socket.read()) {
      bytes = Buffer.concat([bytes, chunk])
    }
    const header = readProxyHeader(bytes)
    if (header.state === 'more') return
    finish()
    if (header.state === 'bad') {
      socket.destroy()
      return
    }
    const rest = bytes.subarray(header.length)
    if (rest.length > 0) socket.unshift(rest)
    done(header.address)
  }
  socket.on('readable', look)
  socket.once('close', finish)
}

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

/** What is not even HTTP, or too slow: the status that Node found, in a line. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, message] = REFUSALS[error.code ?? ''] ?? ['400 Bad Request', 'This is not HTTP/1.1.']
  const head = `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close`
  socket.end(`${head}\r\nContent-Length: ${message.length}\r\n\r\n${message}`)
}

const REFUSALS: Record<string, readonly [string, string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request took too long to arrive.'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers are too long.'],
}
