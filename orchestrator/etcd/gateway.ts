import { type IncomingMessage, request as plainRequest } from 'node:http'
import { type RequestOptions, request as tlsRequest } from 'node:https'
import { z } from 'zod'
import { type Answer, done, type NotDone, notDone } from './answer.ts'

/** Whom we trust, and what we show; PEM. */
export interface Credentials {
  readonly authority: string
  readonly certificate: string
  readonly key: string
}

/**
 * etcd's JSON gateway (`/v3/…`) at its client URLs: what its own command line does by gRPC, without a program of its
 * own. An endpoint is `https://ADDRESS:PORT`, by mutual TLS, or `unix:PATH` for one that runs for us alone.
 */
export interface Gateway {
  /** One call; never rejects, and never takes longer than that many ms. */
  ask<T>(call: Call<T>): Promise<Answer<T>>
  /** A call whose answer comes in pieces. Whoever takes them is waited for. @throws what `take` throws */
  stream<T>(call: Call<T>, take: (piece: T) => Promise<void>): Promise<Answer<void>>
}

export interface Call<T> {
  readonly endpoint: string
  /** What follows `/v3/`. */
  readonly path: string
  readonly body?: Readonly<Record<string, unknown>>
  /** What is answered, or each piece of it. */
  readonly answer: z.ZodType<T>
  /** Ms. @default 5 s */
  readonly limit?: number
}

const LIMIT = 5_000

/** A new connection for each call, so that one that is answered proves that the member can be reached now. */
export function openGateway(credentials?: Credentials): Gateway {
  return {
    async ask({ endpoint, path, body, answer, limit = LIMIT }) {
      const where = `${endpoint}/v3/${path}`
      const signal = AbortSignal.timeout(limit)
      try {
        const response = await post(credentials, endpoint, path, body, signal)
        let text = ''
        for await (const piece of response) text += piece
        if (response.statusCode === 200) return read(where, text, answer)
        return refusalIn(where, text) ?? notDone(where, undefined, `status ${response.statusCode}`)
      } catch (error) {
        return lost(where, error, signal, limit)
      }
    },
    async stream({ endpoint, path, body, answer, limit = LIMIT }, take) {
      const where = `${endpoint}/v3/${path}`
      const signal = AbortSignal.timeout(limit)
      let response: IncomingMessage
      try {
        response = await post(credentials, endpoint, path, body, signal)
      } catch (error) {
        return lost(where, error, signal, limit)
      }
      const pieces = linesOf(response)
      for (;;) {
        const next = await pieces.next().catch((error: unknown) => lost(where, error, signal, limit))
        if ('is' in next) return next
        if (next.done) return done(undefined)
        const piece = read(where, next.value, answer)
        if (piece.is !== 'done') return refusalIn(where, next.value) ?? piece
        await take(piece.value)
      }
    },
  }
}

function post(
  credentials: Credentials | undefined,
  endpoint: string,
  path: string,
  body: unknown,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body ?? {})
    const options: RequestOptions = {
      method: 'POST',
      path: `/v3/${path}`,
      headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) },
      agent: false,
      signal,
    }
    const asked = endpoint.startsWith('unix:')
      ? plainRequest({ ...options, socketPath: endpoint.slice('unix:'.length) })
      : tlsRequest(endpoint, { ...options, ...shown(credentials) })
    asked.once('response', (response) => resolve(response.setEncoding('utf8')))
    // Also what breaks after the answer has begun: then its reader is told, and nobody else need be.
    asked.on('error', reject)
    asked.end(text)
  })
}

const shown = (credentials: Credentials | undefined): RequestOptions =>
  credentials === undefined
    ? {}
    : { ca: credentials.authority, cert: credentials.certificate, key: credentials.key }

async function* linesOf(response: IncomingMessage): AsyncGenerator<string, void, void> {
  let rest = ''
  for await (const piece of response) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') yield line
  }
  if (rest.trim() !== '') yield rest
}

function read<T>(where: string, text: string, schema: z.ZodType<T>): Answer<T> {
  const parsed = schema.safeParse(jsonOf(text))
  if (parsed.success) return done(parsed.data)
  const [issue] = parsed.error.issues
  return notDone(where, undefined, `answered something else: ${issue?.path.join('.')} ${issue?.message}`)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What the gateway says instead of an answer; within a stream one level deeper. */
const Refusal = z.object({ code: z.int(), message: z.string() })
const Refusals = z.union([Refusal, z.object({ error: Refusal }).transform(({ error }) => error)])

function refusalIn(where: string, text: string): NotDone | undefined {
  const told = Refusals.safeParse(jsonOf(text))
  return told.success ? notDone(where, told.data.code, told.data.message) : undefined
}

function lost(where: string, error: unknown, signal: AbortSignal, limit: number): NotDone {
  if (signal.aborted) return notDone(where, undefined, `no answer within ${limit} ms`)
  return notDone(where, undefined, error instanceof Error ? error.message : String(error))
}
