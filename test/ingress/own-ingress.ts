import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { WebSocketServer } from 'ws'
import { newAuthority } from '../../certificates/authority.ts'
import { newLeaf } from '../../certificates/leaf.ts'
import { nginx, RUN } from '../../charts/ingress/nginx.ts'
import type { Route } from '../../charts/services/route.ts'
import { AUTHORITY, GATEWAY, INGRESS, NAMESPACES } from '../../config/names.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { packageTree } from '../../lab/debian/packages.ts'
import { freePorts } from '../../lab/network/ports.ts'
import { must } from '../harness/lab.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'

/** What the room's image has. */
export const NGINX = { suite: 'trixie', packages: ['nginx'], programs: ['nginx'] } as const

const SCRIPT = join(import.meta.dirname, '../../images/ingress/serve')

/** A service as it sees its people. */
export interface OwnService {
  readonly port: number
  /** Of each request that came through, the newest last. */
  readonly seen: { readonly method: string; readonly url: string; readonly headers: IncomingHttpHeaders }[]
  end(): void
}

/** A service that shows whom it takes its visitor for, sets cookies, and echoes what comes by a websocket. */
export async function ownService(): Promise<OwnService> {
  const seen: OwnService['seen'] = []
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    request.resume()
    seen.push({ method, url, headers })
    response.setHeader('Set-Cookie', [
      'theme=dark; Path=/',
      'everywhere=1; Domain=localhost; Path=/',
      '__Host-desk=planted; Domain=localhost; Path=/; Secure',
    ])
    response.setHeader('Content-Type', 'text/html')
    response.end(`<h1>The wiki</h1><p id="who">${headers['x-forwarded-user'] ?? 'nobody'}</p><p>${url}</p>`)
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.on('message', (text) => socket.send(`back: ${text}`)))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    end() {
      sockets.close()
      server.close()
      server.closeAllConnections()
    },
  }
}

/** The ingress with these routes, by the script and nginx of its image, as a process of the lab; resolves with its port. */
export async function ownIngress(
  lab: BareLab,
  name: string,
  routes: readonly Route[],
  entrancePort: number,
): Promise<{ readonly port: number; readonly folder: string }> {
  const folder = temporaryFolder()
  const [port = 0, health = 0] = await freePorts(2)
  const at = (...path: string[]) => join(folder, ...path)
  for (const one of ['settings', 'kept', 'own', 'door', 'run']) mkdirSync(at(one))
  const root = await must(lab, [
    ...['get', 'configmap', AUTHORITY.doorRootConfigMap, '-n', NAMESPACES.system],
    ...['-o', 'jsonpath={.data.ca\\.crt}'],
  ])
  writeFileSync(at('door', 'ca.crt'), root)
  await layCertificate(at('kept'), routes)
  const settings = nginx(routes, 'localhost', undefined)
    .replaceAll(`${RUN}/`, `${at('run')}/`)
    .replaceAll('/etc/ingress/door/', `${at('door')}/`)
    .replaceAll(`listen ${INGRESS.port} `, `listen 127.0.0.1:${port} `)
    .replace(/listen 8081;/, `listen 127.0.0.1:${health};`)
    .replace(
      `${GATEWAY.entrance}.${NAMESPACES.system}.svc.cluster.local:${GATEWAY.entrancePort}`,
      `127.0.0.1:${entrancePort}`,
    )
  writeFileSync(at('settings', 'nginx.conf'), settings)
  const { bin } = await packageTree(NGINX)
  await lab.start(name, '/bin/sh', [SCRIPT, at('settings', 'nginx.conf'), at('run')], {
    env: { PATH: `${bin}:${process.env.PATH}` },
  })
  return { port, folder }
}

/** A certificate for the names of those services, as the keeper or an administrator lays it. */
export async function layCertificate(folder: string, routes: readonly Route[]): Promise<string> {
  const now = new Date()
  const names = routes.map(({ host }) => host)
  const authority = await newAuthority({ name: 'Root of a test', names: ['localhost'], root: true }, now)
  const { certificate, key } = await newLeaf(authority, names, now)
  writeFileSync(join(folder, 'tls.key'), key, { mode: 0o600 })
  writeFileSync(join(folder, 'tls.crt'), certificate)
  return readFileSync(join(folder, 'tls.crt'), 'utf8')
}
