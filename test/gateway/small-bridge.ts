import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import { type WebSocket, WebSocketServer } from 'ws'
import { selfSigned } from '../../certificates/self-signed.ts'
import { BRIDGE_PATHS, desktopName, NAMESPACES, SCREEN_CLOSED } from '../../config/names.ts'
import { serviceHost } from '../../gateway/desktops/render.ts'
import { eventually } from '../harness/wait.ts'

/**
 * A small bridge on loopback for a desktop of the lab: real TLS by the certificate in the desktop's Secret, its token
 * asked for, a real websocket. Behind it an echo, or Xvnc by its unix socket.
 */
export interface SmallBridge {
  readonly port: number
  /** Requests and upgrades that came with the right token, and those that did not. */
  readonly seen: { right: number; wrong: number; readonly headers: Record<string, unknown>[] }
  readonly said: string[]
  readonly files: Map<string, Buffer>
  viewers(): number
  /** Bytes that wait here to be taken. */
  waiting(): number
  /** Tells that idle time from now on; resolves when the gateway has surely heard it. */
  idle(seconds: number, viewers?: number): Promise<void>
  /** Says that its person is to know this. */
  notice(notices: unknown): void
  /** Answers about its state so from now on. */
  misbehave(how: Misdeed): void
  /** How often it was asked for its state. */
  asked(): number
  /** Ends every screen rudely, as a pod that dies. */
  cut(): void
  /** Answers nobody who asks for a screen until what it returns is called. */
  holdScreens(): () => void
  /** Reads its secrets again, as a new pod does. */
  renew(): Promise<void>
  /** Shows a certificate of its own making, for the right name; the token is the right one. */
  impersonate(): Promise<void>
  end(): Promise<void>
}

export type Misdeed = 'drips for ever' | 'answers 1 GB' | 'answers nonsense' | 'never answers'

export async function smallBridge(kubeConfig: KubeConfig, slug: string, xvnc?: string): Promise<SmallBridge> {
  const core = kubeConfig.makeApiClient(CoreV1Api)
  let token = ''
  let idleSeconds = 0
  let asked = 0
  let pretended: number | undefined
  let misdeed: Misdeed | undefined
  let notices: unknown = []
  let held: Promise<void> = Promise.resolve()
  const screens = new Set<WebSocket>()
  const seen: SmallBridge['seen'] = { right: 0, wrong: 0, headers: [] }
  const said: string[] = []
  const files = new Map<string, Buffer>([['hello.txt', Buffer.from('hello\n')]])
  const server = createServer({ minVersion: 'TLSv1.3' })
  const knows = (headers: Record<string, unknown>): boolean => {
    const right = headers.authorization === `Bearer ${token}`
    seen[right ? 'right' : 'wrong']++
    seen.headers.push(headers)
    return right
  }
  server.on('request', async (request, response) => {
    const answer = (status: number, value: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    if (!knows(request.headers)) return answer(401, {})
    const url = new URL(request.url ?? '', 'https://x')
    const path = url.searchParams.get('path') ?? ''
    // Undefined when the gateway gave it up in the middle.
    const body = await buffer(request).catch(() => undefined)
    if (!body) return
    if (url.pathname === BRIDGE_PATHS.state) {
      asked++
      if (misdeed) return answerBadly(response, misdeed)
      return answer(200, { idleSeconds, viewers: pretended ?? screens.size, phase: 'ready', notices })
    }
    if (url.pathname === BRIDGE_PATHS.keep) {
      idleSeconds = 0
      return answer(200, {})
    }
    if (url.pathname === BRIDGE_PATHS.message) {
      said.push(JSON.parse(body.toString()).text)
      return answer(200, {})
    }
    if (request.method === 'PUT') {
      if (files.has(path)) return answer(409, {})
      files.set(path, body)
      return answer(201, { size: body.length })
    }
    if (path === '') {
      const entries = [...files].map(([name, { length }]) => ({
        name,
        kind: 'file',
        size: length,
        modified: '2026-11-24T00:00:00Z',
      }))
      const folders = ['Documents', 'Pictures'].map((name) => ({
        name,
        kind: 'folder',
        modified: '2026-11-24T00:00:00Z',
      }))
      return answer(200, { path, entries: [...folders, ...entries], more: false })
    }
    const file = files.get(path)
    if (!file) return answer(404, {})
    response
      .writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': file.length })
      .end(file)
  })
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {})
    if (!knows(request.headers) || request.url !== BRIDGE_PATHS.screen) {
      socket.end('HTTP/1.1 401 Refused\r\nConnection: close\r\n\r\n')
      return
    }
    void held.then(() => sockets.handleUpgrade(request, socket, head, joined))
    function joined(screen: WebSocket) {
      screen.on('error', () => {})
      if (xvnc) for (const other of screens) other.close(SCREEN_CLOSED.takenOver, 'opened elsewhere')
      screens.add(screen)
      screen.on('close', () => screens.delete(screen))
      if (xvnc) {
        const vnc = connect(xvnc)
        vnc.on('data', (bytes) => screen.send(bytes))
        vnc.on('error', () => screen.terminate())
        vnc.on('close', () => screen.close())
        screen.on('message', (data: Buffer) => vnc.write(data))
        screen.on('close', () => vnc.destroy())
      } else {
        screen.send(Buffer.from('RFB 003.008\n'))
        screen.on('message', (data) => screen.send(data))
      }
    }
  })
  const renew = async () => {
    const { data = {} } = await core.readNamespacedSecret({
      namespace: NAMESPACES.desktops,
      name: desktopName(slug),
    })
    const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString()
    server.setSecureContext({ cert: text('tls.crt'), key: text('tls.key') })
    token = text('token')
  }
  await renew()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    seen,
    said,
    files,
    viewers: () => screens.size,
    waiting: () => [...screens].reduce((sum, { bufferedAmount }) => sum + bufferedAmount, 0),
    async idle(seconds, viewers) {
      idleSeconds = seconds
      pretended = viewers
      const enough = asked + 3
      await eventually(`the bridge of ${slug} is asked three times`, () => asked >= enough, { every: 50 })
    },
    notice(now) {
      notices = now
    },
    misbehave(how) {
      misdeed = how
    },
    asked: () => asked,
    cut() {
      for (const screen of screens) screen.terminate()
    },
    holdScreens() {
      const { promise, resolve } = Promise.withResolvers<void>()
      held = promise
      return resolve
    },
    renew,
    async impersonate() {
      const { certificate, key } = await selfSigned([serviceHost(slug)], new Date())
      server.setSecureContext({ cert: certificate, key })
      // Whoever is connected spoke to the bridge that this one only pretends to be.
      server.closeAllConnections()
    },
    async end() {
      server.closeAllConnections()
      for (const screen of screens) screen.terminate()
      await new Promise((done) => server.close(done))
    },
  }
}

function answerBadly(response: ServerResponse, misdeed: Misdeed): void {
  if (misdeed === 'never answers') return
  if (misdeed === 'answers nonsense') {
    response.end(JSON.stringify({ idleSeconds: 1e300, viewers: 'many', phase: { __proto__: null } }))
    return
  }
  response.writeHead(200, { 'content-type': 'application/json' })
  if (misdeed === 'drips for ever') {
    const drip = setInterval(() => response.write(' '), 100)
    response.once('close', () => clearInterval(drip))
    return
  }
  const mebibyte = Buffer.alloc(1024 * 1024, ' ')
  let left = 1024
  const pour = () => {
    while (left-- > 0) {
      if (!response.write(mebibyte)) {
        response.once('drain', pour)
        return
      }
    }
    response.end()
  }
  pour()
}
