import { createServer } from 'node:https'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { z } from 'zod'
import { selfSigned } from '../certificates/self-signed.ts'
import { open } from '../lab/bare/bare.ts'
import { ownGateway, ports } from '../test/gateway/own-gateway.ts'

/** A replica of the gateway, or a server that only serves a page of the same size: alone in its process. */
const told = z.union([
  z.object({ gateway: z.string(), lab: z.string() }),
  z.object({ floor: z.string() }),
  z.object({ ports: z.record(z.string(), z.number()) }),
  z.object({ ask: z.literal('usage') }),
])

setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')

process.on('message', async (raw) => {
  const message = told.parse(raw)
  if ('gateway' in message) {
    const lab = await open(message.lab)
    if (lab === undefined) throw new Error(`no lab ${message.lab}`)
    const settings = { env: { DESKFLEET_ASK_SECONDS: '15' }, desktops: { atMost: 200 } }
    process.send?.({ origin: (await ownGateway(lab, message.gateway, settings)).origin })
  } else if ('floor' in message) {
    process.send?.({ origin: await plainServer(message.floor) })
  } else if ('ports' in message) {
    for (const [slug, port] of Object.entries(message.ports)) ports.set(slug, port)
    process.send?.({ done: true })
  } else {
    if (typeof collect === 'function') collect()
    const { user, system } = process.cpuUsage()
    const most = process.resourceUsage().maxRSS * 1024
    process.send?.({ cpu: user + system, rss: process.memoryUsage().rss, most })
  }
})
process.on('disconnect', () => process.exit(0))

/** The floor of Node, TLS and HTTP: whatever is asked, that text. */
async function plainServer(text: string): Promise<string> {
  const { certificate, key } = await selfSigned(['localhost'], new Date())
  const server = createServer({ cert: certificate, key, minVersion: 'TLSv1.3' }, (request, response) => {
    request.resume()
    request.once('end', () =>
      response
        .writeHead(200, { 'content-type': 'text/html', 'content-length': Buffer.byteLength(text) })
        .end(text),
    )
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  return `https://localhost:${typeof address === 'object' && address ? address.port : 0}`
}
