import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'
import type { Listen } from './settings.ts'

// An import would load all that it has, a client for `fetch` among it, which nobody here needs: 3 MiB and a tenth of a second.
const { createServer } = process.getBuiltinModule('node:http')

/** Plain HTTP for the kubelet and for Prometheus: nothing here says anything of anybody. */
export interface Health {
  /** Why the service is not ready; empty when it is. */
  readonly lacks: () => readonly string[]
  readonly registry: Registry
  /** Told of a metric that could not be collected; the others are served. */
  readonly failed: (metric: string, error: unknown) => void
}

export interface HealthServer {
  readonly port: number
  close(): void
}

interface Page {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** Serves `/healthz`, `/readyz` and `/metrics`. `/healthz` answers as long as the event loop turns; it says no more. */
export async function serveHealth(listen: Listen, health: Health): Promise<HealthServer> {
  const server = createServer(async (request, response) => {
    const { status, type, body } = await page(request.url ?? '', health)
    response.writeHead(status, { 'Content-Type': type }).end(body)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listen.port, listen.host, resolve)
  })
  const address: AddressInfo | string | null = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function page(url: string, health: Health): Promise<Page> {
  const plain = (status: number, body: string): Page => ({ status, type: 'text/plain', body: `${body}\n` })
  if (url === '/healthz') return plain(200, 'ok')
  if (url === '/metrics')
    return { status: 200, type: health.registry.contentType, body: await metricsOf(health) }
  if (url !== '/readyz') return plain(404, 'here are /healthz, /readyz and /metrics')
  const missing = health.lacks()
  return missing.length === 0 ? plain(200, 'ok') : plain(503, `not ready: ${missing.join('; ')}`)
}

/** Every metric that can be collected: one that fails must not hide the others, nor end the process. */
async function metricsOf({ registry, failed }: Health): Promise<string> {
  const texts = registry.getMetricsAsArray().map(async ({ name }) => {
    try {
      return await registry.getSingleMetricAsString(name)
    } catch (error) {
      failed(name, error)
      return `# ${name} could not be collected`
    }
  })
  return `${(await Promise.all(texts)).join('\n\n')}\n`
}
