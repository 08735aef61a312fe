import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import { Registry } from 'prom-client'
import { z } from 'zod'
import { WEBHOOK } from '../config/names.ts'
import { stalenessOf } from '../config/staleness.ts'
import { openConnections } from '../service/connections.ts'
import { type Certificate, serveHttps } from '../service/https.ts'
import { admissionApp } from '../webhook/admit.ts'
import { decide } from '../webhook/decide.ts'
import { CONNECTIONS, LIMITS } from '../webhook/limits.ts'
import { newMetrics } from '../webhook/metrics.ts'
import { callSchema, readReview } from '../webhook/review.ts'
import { cloneAndDiffApp } from './clone-and-diff.ts'
import { manyPeople, review } from './webhook-people.ts'

/** What the bench tells a server, and what it asks. */
const told = z.union([
  z.object({
    start: z.enum(['webhook', 'echo', 'json', 'clone-and-diff']),
    people: z.number(),
    certificate: z.string(),
    key: z.string(),
  }),
  z.object({ ask: z.literal('usage') }),
])

const HOST = '127.0.0.1'

/** A plain HTTPS server that answers by a function of the body. */
function plainServer(key: string, cert: string, answerTo: (body: Buffer) => Buffer): Promise<number> {
  const server = createServer({ key, cert, keepAliveTimeout: 120_000 }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = answerTo(Buffer.concat(chunks))
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length })
      response.end(body)
    })
  })
  return new Promise((resolve) => {
    server.listen(0, HOST, () => {
      const address: AddressInfo | string | null = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })
}

/** Served as the webhook is. */
async function portOf(request: RequestListener, certificate: Certificate): Promise<number> {
  const { port } = await serveHttps({
    listen: { host: HOST, port: 0 },
    certificate,
    limits: LIMITS,
    connections: openConnections(CONNECTIONS),
    request,
  })
  return port
}

/** The floor of Node, TLS and HTTP: gives back what it got. */
const echo = (key: string, cert: string): Promise<number> => plainServer(key, cert, (body) => body)

/** The floor of any webhook in Node: reads the review as JSON, and writes one back of about the size of ours. */
const json = (key: string, cert: string): Promise<number> =>
  plainServer(key, cert, (body) => Buffer.from(JSON.stringify(JSON.parse(body.toString('utf8')))))

/** What ours and the control have alike: people, metrics, and a line of log a decision to a sink that costs a write. */
async function surroundings(people: number) {
  // Loaded for its memory: the real one has the Kubernetes client beside it.
  await import('../webhook/service.ts')
  const known = manyPeople(people)
  const metrics = newMetrics(new Registry(), {
    identities: () => known.size,
    identitiesSeen: Date.now,
    locked: () => 0,
    directoryChecked: Date.now,
    certificateEnds: Date.now,
    now: Date.now,
  })
  const log = pino({ base: null }, pino.destination('/dev/null'))
  const locks = { of: () => undefined, gone: () => false }
  const staleness = () => stalenessOf(Date.now(), Date.now(), 1)
  return { known: { lookup: (slug: string) => known.get(slug), locks, staleness }, metrics, log }
}

async function webhook(people: number, key: string, certificate: string): Promise<number> {
  const { known, metrics, log } = await surroundings(people)
  const clock = () => performance.now()
  const app = admissionApp({ known, ready: () => true, metrics, log, clock })
  return await portOf(app, { key, certificate })
}

/** The control gives what the webhook gives, by mutating a copy: the additions, made once, are applied to it. */
async function cloneAndDiff(people: number, key: string, certificate: string): Promise<number> {
  const { known, metrics, log } = await surroundings(people)
  const read = readReview(review('person-1'))
  if ('bad' in read) throw new Error(read.bad.message)
  const decision = decide(read.call, known)
  if (decision.result !== 'patched') throw new Error('the review of the bench is not patched')
  const additions = decision.additions.map((one) => [one.path.split('/').slice(1), one.value] as const)
  const judge = (raw: unknown) => {
    const start = performance.now()
    const call = callSchema.parse(raw)
    const { result, slug } = decide(call, known)
    metrics.duration.observe((performance.now() - start) / 1000)
    metrics.decisions.inc({ result, reason: '' })
    log.info({ review: call.uid, slug, decision: result }, 'decided')
  }
  const app = cloneAndDiffApp(WEBHOOK.path, judge, (pod) => {
    for (const [path, value] of additions) put(pod, path, value)
  })
  return await portOf(app, { key, certificate })
}

function put(pod: object, path: readonly string[], value: unknown): void {
  const last = path.at(-1) ?? ''
  const parent = path.slice(0, -1).reduce<unknown>((at, key) => Reflect.get(Object(at), plain(key)), pod)
  if (Array.isArray(parent)) parent.push(value)
  else if (typeof parent === 'object' && parent) Reflect.set(parent, plain(last), value)
}

const plain = (segment: string): string => segment.replaceAll('~1', '/').replaceAll('~0', '~')

const ARMS = {
  webhook,
  echo: (_people: number, key: string, certificate: string) => echo(key, certificate),
  json: (_people: number, key: string, certificate: string) => json(key, certificate),
  'clone-and-diff': cloneAndDiff,
}

process.on('message', async (raw) => {
  const message = told.parse(raw)
  if ('ask' in message) {
    const { user, system } = process.cpuUsage()
    const most = process.resourceUsage().maxRSS * 1024
    process.send?.({ cpu: user + system, rss: process.memoryUsage().rss, most })
    return
  }
  const { start, people, certificate, key } = message
  process.send?.({ port: await ARMS[start](people, key, certificate) })
})
process.on('disconnect', () => process.exit(0))
