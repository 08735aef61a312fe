import { createServer } from 'node:https'
import { connect } from 'node:net'
import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import { type WebSocket, WebSocketServer } from 'ws'
import { selfSigned } from '../../certificates/self-signed.ts'
import { BRIDGE_PATHS, desktopName, NAMESPACES, SCREEN_CLOSED } from '../../config/names.ts'
import { serviceHost } from '../../gateway/desktops/render.ts'

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
  /** Ends every screen rudely, as a pod that dies. */
  cut(): void
  /** Reads its secrets again, as a new pod does. */
  renew(): Promise<void>
  /** Shows a certificate of its own making, for the right name; the token is the right one. */
  impersonate(): Promise<void>
  end(): Promise<void>
}

export async function smallBridge(kubeConfig: KubeConfig, slug: string, xvnc?: string): Promise<SmallBridge> {
  const core = kubeConfig.makeApiClient(CoreV1Api)
  let token = ''
  let idleSeconds = 0
  let asked = 0
  let pretended: number | undefined
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
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    if (url.pathname === BRIDGE_PATHS.state) {
      asked++
      return answer(200, { idleSeconds, viewers: pretended ?? screens.size, phase: 'ready' })
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
    sockets.handleUpgrade(request, socket, head, (screen) => {
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
    })
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
      const since = Date.now()
      for (const until = asked + 3; asked < until; await new Promise((done) => setTimeout(done, 50)))
        if (Date.now() - since > 60_000) throw new Error(`nobody asks the bridge of ${slug} any more`)
    },
    cut() {
      for (const screen of screens) screen.terminate()
    },
    renew,
    async impersonate() {
      const { certificate, key } = await selfSigned([serviceHost(slug)], new Date())
      server.setSecureContext({ cert: certificate, key })
    },
    async end() {
      server.closeAllConnections()
      for (const screen of screens) screen.terminate()
      await new Promise((done) => server.close(done))
    },
  }
}
