import { createServer, type Server } from 'node:http'
import type { Registry } from 'prom-client'
import type { Listen } from './listen/serve.ts'

/** Plain HTTP for the kubelet and for Prometheus: nothing here says anything of anybody. */
export interface Health {
  /** Why the gateway is not ready; empty when it is. */
  readonly lacks: () => readonly string[]
  readonly registry: Registry
}

/** Starts to listen. `/healthz` answers as long as the event loop turns; that is all it says. */
export async function serveHealth(listen: Listen, { lacks, registry }: Health): Promise<Server> {
  const server = createServer(async (request, response) => {
    const plain = (status: number, body: string) =>
      response.writeHead(status, { 'Content-Type': 'text/plain' }).end(`${body}\n`)
    if (request.url === '/healthz') plain(200, 'ok')
    else if (request.url === '/readyz') {
      const missing = lacks()
      if (missing.length === 0) plain(200, 'ok')
      else plain(503, `not ready: ${missing.join('; ')}`)
    } else if (request.url === '/metrics') {
      response.writeHead(200, { 'Content-Type': registry.contentType }).end(await registry.metrics())
    } else plain(404, 'here are /healthz, /readyz and /metrics')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listen.port, listen.host, resolve)
  })
  return server
}
