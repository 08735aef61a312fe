import { createServer, type Server } from 'node:http'
import type { Registry } from 'prom-client'
import type { Listen } from './serve.ts'

/** Plain HTTP for the kubelet and for Prometheus: nothing here says anything of anybody. */
export interface Health {
  /** Why the webhook is not ready; empty when it is. */
  readonly lacks: () => readonly string[]
  readonly registry: Registry
}

/** Starts to listen. `/healthz` answers as long as the event loop turns; that is all it says. */
export async function serveHealth(listen: Listen, health: Health): Promise<Server> {
  const server = createServer(async (request, response) => {
    const { status, type, body } = await page(request.url ?? '', health)
    response.writeHead(status, { 'Content-Type': type })
    response.end(body)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listen.port, listen.host, resolve)
  })
  return server
}

interface Page {
  readonly status: number
  readonly type: string
  readonly body: string
}

async function page(url: string, { lacks, registry }: Health): Promise<Page> {
  const plain = (status: number, body: string): Page => ({ status, type: 'text/plain', body: `${body}\n` })
  if (url === '/healthz') return plain(200, 'ok')
  if (url === '/metrics') return { status: 200, type: registry.contentType, body: await registry.metrics() }
  if (url !== '/readyz') return plain(404, 'here are /healthz, /readyz and /metrics')
  const missing = lacks()
  return missing.length === 0 ? plain(200, 'ok') : plain(503, `not ready: ${missing.join('; ')}`)
}
