import { createServer, type Server } from 'node:http'
import type { Registry } from 'prom-client'

/** Serves `/healthz`, `/readyz` and `/metrics` at `HOST:PORT`. */
export function serveReport(
  report: { ready(): boolean; readonly registry: Registry },
  listen: string,
): Promise<Server> {
  const at = listen.lastIndexOf(':')
  const server = createServer(async (request, response) => {
    const say = (code: number, text: string): void => void response.writeHead(code).end(text)
    if (request.url === '/healthz') return say(200, 'ok\n')
    if (request.url === '/readyz') return report.ready() ? say(200, 'ok\n') : say(503, 'no pass yet\n')
    if (request.url !== '/metrics') return say(404, 'not found\n')
    response.setHeader('content-type', report.registry.contentType)
    say(200, await report.registry.metrics())
  })
  return new Promise((done, fail) => {
    server.once('error', fail)
    server.listen(Number(listen.slice(at + 1)), listen.slice(0, at), () => done(server))
  })
}
