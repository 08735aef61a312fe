import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { encodedPath, pathAsked, pathBytes } from '../config/file-path.ts'
import { BRIDGE_PATHS, GATEWAY_CALLER } from '../config/names.ts'
import { limitBody, mayTakeLong } from '../service/body-time.ts'
import { type ConnectionLimits, openConnections } from '../service/connections.ts'
import { MODERN, provenPeer } from '../service/tls.ts'
import { isRefusal, type Refusal } from './files/place.ts'
import { readPlace } from './files/read.ts'
import { remove } from './files/remove.ts'
import { writeNew } from './files/write.ts'
import type { Screen } from './screen.ts'
import type { BridgeState } from './state.ts'

/** What the bridge's server is made of. */
export interface Serving {
  readonly certificate: Buffer
  readonly key: Buffer
  /** PEM: what vouches for the gateway, the only caller, but for health and readiness. */
  readonly gatewayAuthorities: string
  /** What it must bring besides. */
  readonly token: string
  readonly home: string
  readonly largestFile: number
  readonly screen: Screen
  readonly state: () => BridgeState
  readonly keep: () => void
  /** Shows the person a text; rejects when the desktop cannot. */
  readonly message: (text: string) => Promise<void>
  readonly log: (text: string) => void
}

/** The longest message to a person, in bytes of its JSON. */
const LARGEST_MESSAGE = 8_192
/** Ms until a body is there that is no file. */
const BODY_WITHIN = 10_000
/** Of other callers than the gateway, such as the kubelet's looks, and of the gateway's replicas. */
const CONNECTIONS: ConnectionLimits = { most: 400, perAddress: 40, perKnown: 200, strangerLife: 30_000 }
/** Files that are on their way at once. */
const TRANSFERS = 4

export function bridgeServer(serving: Serving): Server {
  const server = createServer({
    ...contextOf(serving, serving.gatewayAuthorities),
    requestCert: true,
    // The kubelet has none, and may look whether the desktop is well.
    rejectUnauthorized: false,
    maxHeaderSize: 16_384,
    handshakeTimeout: 5_000,
    headersTimeout: 8_000,
    connectionsCheckingInterval: 1_000,
    // An upload over a slow line takes as long as it takes; all other bodies have a limit of their own.
    requestTimeout: 0,
  })
  const connections = openConnections(CONNECTIONS)
  server.on('connection', (socket: Socket) => connections.enter(socket, socket.remoteAddress ?? ''))
  server.setTimeout(120_000)
  const right = gatewayCheck(serving.token)
  let transfers = 0
  server.on('request', (request, response) => {
    request.on('error', () => {})
    limitBody(request, BODY_WITHIN)
    if (!right(request)) connections.know(request.socket, 'gateway')
    const path = (request.url ?? '').split('?')[0]
    const once = async (work: () => Promise<void>): Promise<void> => {
      if (transfers >= TRANSFERS)
        return refuse(response, { status: 503, reason: 'too many files are on their way' })
      transfers++
      await work().finally(() => transfers--)
    }
    route(serving, right, path ?? '', request, response, once).catch((error: Error) => {
      serving.log(`${request.method} ${path}: ${error.message}`)
      if (response.headersSent) response.destroy()
      else refuse(response, { status: 500, reason: 'the desktop failed at this; its log says how' })
    })
  })
  server.on('upgrade', (request, socket, head) => {
    const refusal = screenRefusal(serving, right, request)
    if (refusal) return turnAway(socket, refusal)
    connections.know(socket, 'gateway')
    serving.screen.accept(request, socket, head)
  })
  server.on('tlsClientError', () => {})
  return server
}

/** What the server is to trust from now on; connections that stand go on. */
export function trust(
  server: Server,
  serving: Pick<Serving, 'certificate' | 'key'>,
  authorities: string,
): void {
  server.setSecureContext(contextOf(serving, authorities))
}

const contextOf = ({ certificate, key }: Pick<Serving, 'certificate' | 'key'>, authorities: string) => ({
  ...MODERN,
  cert: certificate,
  key,
  ca: authorities,
})

/** The gateway's certificate, and this start's token. Either alone proves nothing. */
function gatewayCheck(token: string): Right {
  const right = bearerCheck(token)
  return (request) => {
    const shown = provenPeer(request.socket)
    if (!shown?.checkHost(GATEWAY_CALLER, { subject: 'never' })) return NOT_THE_GATEWAY
    return right(request) ? undefined : UNKNOWN
  }
}

/** Why the caller is not served; undefined where it is. */
type Right = (request: IncomingMessage) => Refusal | undefined

/** Compares digests, so that neither the token's length nor its beginning can be felt from outside. */
function bearerCheck(token: string): (request: IncomingMessage) => boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  const wanted = digest(`Bearer ${token}`)
  return ({ headers }) => timingSafeEqual(digest(headers.authorization ?? ''), wanted)
}

const NOT_THE_GATEWAY: Refusal = {
  status: 401,
  reason: "only the room's gateway is served, by its own certificate",
}
const UNKNOWN: Refusal = { status: 401, reason: 'the token of this desktop is needed' }

function screenRefusal({ state }: Serving, right: Right, request: IncomingMessage): Refusal | undefined {
  const unknown = right(request)
  if (unknown) return unknown
  if (request.url !== BRIDGE_PATHS.screen) return { status: 404, reason: 'there is no such screen' }
  const { phase, reason } = state()
  return phase === 'ready' ? undefined : { status: 503, reason: reason ?? phase }
}

function turnAway(socket: Duplex, { status, reason }: Refusal): void {
  socket.on('error', () => {})
  const body = JSON.stringify({ reason })
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

async function route(
  serving: Serving,
  right: Right,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  once: (work: () => Promise<void>) => Promise<void>,
): Promise<void> {
  if (path === BRIDGE_PATHS.health) return answer(response, 200, { ok: true })
  if (path === BRIDGE_PATHS.ready) {
    const { phase, reason, obstacle } = serving.state()
    return answer(response, phase === 'ready' ? 200 : 503, {
      phase,
      ...(reason ? { reason } : {}),
      ...(obstacle ? { obstacle } : {}),
    })
  }
  const unknown = right(request)
  if (unknown) return refuse(response, unknown)
  const asked = `${request.method} ${path}`
  if (asked === `GET ${BRIDGE_PATHS.state}`) return answer(response, 200, serving.state())
  if (asked === `POST ${BRIDGE_PATHS.keep}`) {
    serving.keep()
    return answer(response, 200, serving.state())
  }
  if (asked === `POST ${BRIDGE_PATHS.message}`) return show(serving, request, response)
  if (path === BRIDGE_PATHS.files) {
    const { home, generation, obstacle } = serving.state()
    // While a full disk has no room for the lock, nobody has it, and looking and removing is what mends that.
    const full = (obstacle === 'full' || obstacle === 'quota') && request.method !== 'PUT'
    if (!home || (generation === null && !full)) {
      return refuse(response, { status: 503, reason: 'the desktop does not have its home yet' })
    }
    if (request.method === 'GET') return once(() => give(serving, request, response))
    if (request.method === 'PUT') return once(() => take(serving, request, response))
    if (request.method === 'DELETE') return drop(serving, request, response)
  }
  const known = Object.values(BRIDGE_PATHS).some((one) => one === path)
  refuse(
    response,
    known ? { status: 405, reason: 'not by this method' } : { status: 404, reason: 'nothing is here' },
  )
}

async function show({ message }: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > LARGEST_MESSAGE) return refuse(response, { status: 413, reason: 'the message is too long' })
    chunks.push(chunk)
  }
  const text = textIn(Buffer.concat(chunks).toString())
  if (text === undefined) return refuse(response, { status: 400, reason: 'send JSON: { "text": "…" }' })
  await message(text)
  answer(response, 200, { shown: true })
}

function textIn(body: string): string | undefined {
  try {
    const text: unknown = JSON.parse(body)?.text
    return typeof text === 'string' && text.trim() !== '' ? text : undefined
  } catch {
    return undefined
  }
}

/** The path that a request about files names, in the query; undefined where it is none. */
const placeAsked = (request: IncomingMessage): Buffer | undefined =>
  pathBytes(pathAsked(request.url ?? '') ?? '')
const NO_PATH: Refusal = { status: 400, reason: 'the path is not percent-encoded' }

async function give({ home }: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const place = placeAsked(request)
  const found = place ? await readPlace(home, place) : NO_PATH
  if (isRefusal(found)) return refuse(response, found)
  if ('entries' in found) return answer(response, 200, found)
  const { handle, size, name } = found
  response.writeHead(200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': size,
    'Content-Disposition': `attachment; filename*=UTF-8''${encodedPath(name)}`,
    'X-Content-Type-Options': 'nosniff',
  })
  await new Promise<void>((done, fail) => {
    // A file that grows meanwhile is sent as long as it was; one that shrinks ends the connection.
    const bytes = size === 0 ? undefined : handle.createReadStream({ end: size - 1, autoClose: false })
    response.once('close', () => {
      bytes?.destroy()
      done()
    })
    bytes?.once('error', fail)
    if (bytes) bytes.pipe(response)
    else response.end()
  }).finally(() => handle.close())
}

async function take(
  { home, largestFile }: Serving,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  mayTakeLong(request)
  const length = Number(request.headers['content-length'] ?? 0)
  const large: Refusal = { status: 413, reason: `a file may have at most ${largestFile} bytes` }
  const place = placeAsked(request)
  const early = length > largestFile ? large : place ? undefined : NO_PATH
  const result = early ?? (await writeNew(home, place ?? Buffer.alloc(0), request, largestFile))
  // Whatever of the body is still to come is not read.
  if (isRefusal(result)) return refuse(response, result)
  answer(response, 201, result)
}

async function drop({ home }: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const place = placeAsked(request)
  const result = place ? await remove(home, place) : NO_PATH
  if (isRefusal(result)) return refuse(response, result)
  answer(response, 200, result)
}

function answer(response: ServerResponse, status: number, value: object): void {
  const body = Buffer.from(JSON.stringify(value))
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
  })
  response.end(body)
}

function refuse(response: ServerResponse, { status, reason }: Refusal): void {
  response.setHeader('Connection', 'close')
  answer(response, status, { status, reason })
}
