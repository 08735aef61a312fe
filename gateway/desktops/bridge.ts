import type { IncomingMessage, RequestOptions } from 'node:http'
import { request as requestTls } from 'node:https'
import { isIP } from 'node:net'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { BRIDGE_PATHS, desktopName, NAMESPACES } from '../../config/names.ts'
import { keptClient } from '../../lease/kept-client.ts'
import type { BridgeSaid } from '../keeper/decide.ts'
import type { Word } from './early.ts'
import { type AddressOf, serviceHost } from './render.ts'

/** What a desktop's bridge is asked. It gets our bearer token and nothing of the browser's request. */
export interface Bridges {
  /** Opens the screen. The websocket is not open yet; its `error` must be heard. */
  screen(slug: string): Promise<WebSocket>
  state(slug: string, now: number): Promise<BridgeSaid>
  /** How far one is that starts. */
  word(slug: string): Promise<Word>
  message(slug: string, text: string): Promise<void>
  keep(slug: string): Promise<void>
  /** GET of a folder or a file. Its body must be read or destroyed. */
  read(slug: string, path: string): Promise<IncomingMessage>
  /** PUT of a new file; resolves with the bridge's status. */
  write(slug: string, path: string, body: Readable, signal: AbortSignal): Promise<number>
}

/** The bridge could not be asked, or did not understand: `code` is its status, if it gave one. */
export class BridgeError extends Error {
  readonly code: number | undefined

  constructor(message: string, code?: number) {
    super(message)
    this.name = 'BridgeError'
    this.code = code
  }
}

/** As much of `bridge/state.ts` as is needed here. */
const State = z.looseObject({ idleSeconds: z.number().min(0), viewers: z.number().int().min(0) })
const Progress = z.looseObject({ phase: z.string(), reason: z.string().optional() })

/** Ms until the bridge has to answer; the page tries again by itself. */
const TIMEOUT = 4_000
/** Messages of Xvnc's picture may be large, yet the bridge cuts them into pieces far below. */
const LONGEST_MESSAGE = 16 * 1024 * 1024
const SECRET_KEPT = 60_000

interface Held {
  readonly ca: string
  readonly token: string
  readonly until: number
}

export function openBridges(kubeConfig: KubeConfig, addressOf: AddressOf, monotonic: () => number): Bridges {
  const core = keptClient(kubeConfig, CoreV1Api)
  const secrets = new Map<string, Held>()

  const held = async (slug: string, fresh = false): Promise<Held> => {
    const kept = secrets.get(slug)
    if (kept && !fresh && kept.until > monotonic()) return kept
    const { data = {} } = await core.readNamespacedSecret({
      namespace: NAMESPACES.desktops,
      name: desktopName(slug),
    })
    const [ca = '', token = ''] = ['tls.crt', 'token'].map((key) =>
      Buffer.from(data[key] ?? '', 'base64')
        .toString('utf8')
        .trim(),
    )
    if (!ca || !token) throw new BridgeError(`the Secret of ${desktopName(slug)} is not whole`)
    const now = { ca, token, until: monotonic() + SECRET_KEPT }
    secrets.set(slug, now)
    return now
  }

  const optionsFor = (slug: string, { ca, token }: Held) => ({
    ...addressOf(slug),
    ca,
    servername: serviceHost(slug),
    minVersion: 'TLSv1.3' as const,
    headers: { host: serviceHost(slug), authorization: `Bearer ${token}` },
  })

  const ask = async (slug: string, options: RequestOptions, body?: string): Promise<IncomingMessage> => {
    try {
      return await send({ ...optionsFor(slug, await held(slug)), ...options }, body)
    } catch (error) {
      // A new start has new secrets: what is kept may be those of the last one.
      const kept = secrets.get(slug)
      secrets.delete(slug)
      if (!(error instanceof BridgeError) || !mayBeStale(error)) throw error
      const now = await held(slug, true)
      if (now.token === kept?.token) throw error
      return await send({ ...optionsFor(slug, now), ...options }, body)
    }
  }

  const told = async (slug: string, path: string, body: string): Promise<void> => {
    const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
    const base = optionsFor(slug, await held(slug))
    const answer = await ask(slug, { method: 'POST', path, headers: { ...base.headers, ...headers } }, body)
    answer.resume()
    if ((answer.statusCode ?? 500) >= 300)
      throw new BridgeError(`the bridge said ${answer.statusCode}`, answer.statusCode)
  }

  return {
    async screen(slug) {
      // Always the newest secrets: behind an older certificate there may still be an older pod.
      const { host, port, headers, ...tls } = optionsFor(slug, await held(slug, true))
      const at = isIP(host) === 6 ? `[${host}]` : host
      return new WebSocket(`wss://${at}:${port}${BRIDGE_PATHS.screen}`, [], {
        ...tls,
        headers,
        handshakeTimeout: TIMEOUT,
        maxPayload: LONGEST_MESSAGE,
        perMessageDeflate: false,
        followRedirects: false,
      })
    },
    async state(slug, now) {
      const answer = await ask(slug, { path: BRIDGE_PATHS.state })
      const { idleSeconds, viewers } = State.parse(JSON.parse(await textOf(answer)))
      // A span, not a time: that PC's clock is not ours.
      return { askedAt: now, lastInput: now - idleSeconds * 1000, viewers }
    },
    async word(slug) {
      const answer = await ask(slug, { path: BRIDGE_PATHS.ready })
      const { phase, reason } = Progress.parse(JSON.parse(await bodyOf(answer)))
      if (phase === 'ready') return 'ready'
      // Every one waits for a moment; one that knows why has found the home in other hands.
      return phase === 'waiting' && reason !== undefined ? 'held' : 'starting'
    },
    message: (slug, text) => told(slug, BRIDGE_PATHS.message, JSON.stringify({ text })),
    keep: (slug) => told(slug, BRIDGE_PATHS.keep, ''),
    read: (slug, path) => ask(slug, { path: `${BRIDGE_PATHS.files}?path=${encodeURIComponent(path)}` }),
    async write(slug, path, body, signal) {
      const to = `${BRIDGE_PATHS.files}?path=${encodeURIComponent(path)}`
      const { headers, ...rest } = optionsFor(slug, await held(slug, true))
      const type = { 'content-type': 'application/octet-stream' }
      const asked = requestTls({ ...rest, path: to, method: 'PUT', headers: { ...headers, ...type }, signal })
      const answered = new Promise<number>((done, fail) => {
        asked.once('error', fail)
        asked.once('response', (answer) => {
          answer.resume()
          done(answer.statusCode ?? 500)
        })
      })
      // The bridge may refuse before it has read everything: then its answer counts, not the broken pipe.
      const sent = pipeline(body, asked).then(() => answered)
      sent.catch(() => {})
      return await Promise.race([answered, sent])
    },
  }
}

const mayBeStale = ({ code, message }: BridgeError): boolean =>
  code === 401 || /certificate|self.signed|TLS|SSL/i.test(message)

function send(options: RequestOptions, body = ''): Promise<IncomingMessage> {
  return new Promise((done, fail) => {
    const asked = requestTls({ ...options, timeout: TIMEOUT })
    const limit = setTimeout(() => asked.destroy(new Error(`no answer within ${TIMEOUT} ms`)), TIMEOUT)
    asked.once('error', (error) => {
      clearTimeout(limit)
      fail(new BridgeError(error.message))
    })
    asked.once('response', (answer) => {
      clearTimeout(limit)
      answer.on('error', () => {})
      if (answer.statusCode !== 401) {
        done(answer)
        return
      }
      answer.resume()
      fail(new BridgeError('the bridge does not know our token', 401))
    })
    asked.end(body)
  })
}

const LONGEST_TEXT = 1024 * 1024

/** The text of a small answer; a failed or a long one throws. */
export async function textOf(answer: IncomingMessage): Promise<string> {
  const text = await bodyOf(answer)
  if (answer.statusCode !== 200) throw new BridgeError(text.slice(0, 200), answer.statusCode)
  return text
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of answer) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > LONGEST_TEXT) {
      answer.destroy()
      throw new BridgeError('the bridge said more than anybody asked')
    }
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}
