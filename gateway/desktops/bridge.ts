import type { IncomingMessage, RequestOptions } from 'node:http'
import { request as requestTls } from 'node:https'
import { isIP } from 'node:net'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CoreV1Api, type KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { keptClient } from '../../cluster/client.ts'
import { cut } from '../../config/cut.ts'
import { HOME_PLACES, NOTICES, type Notice, OBSTACLES } from '../../config/desktop-troubles.ts'
import { ENTRY_UUID } from '../../config/labels.ts'
import { BRIDGE_PATHS, DESKTOP, desktopName, FIELD_MANAGERS, NAMESPACES } from '../../config/names.ts'
import type { Caller } from './caller.ts'
import type { BridgeProgress, BridgeState, Owner } from './desktop.ts'
import { type AddressOf, serviceHost } from './render.ts'

/** What a desktop's bridge is asked. It gets our bearer token and nothing of the browser's request. */
export interface Bridges {
  /** Opens the screen. The websocket is not open yet; its `error` must be heard. */
  screen(owner: Owner): Promise<WebSocket>
  state(owner: Owner, now: number): Promise<BridgeState>
  /** How far one is that starts. */
  progress(owner: Owner): Promise<BridgeProgress>
  /** What its person is to know of one that runs. */
  notices(owner: Owner): Promise<Notice[]>
  message(owner: Owner, text: string): Promise<void>
  keep(owner: Owner): Promise<void>
  /** GET of a folder or a file, by its encoded path. Its body must be read or destroyed. */
  read(owner: Owner, path: string): Promise<IncomingMessage>
  /** DELETE of a file or an empty folder; resolves with the bridge's status. */
  remove(owner: Owner, path: string): Promise<number>
  /** PUT of a new file; resolves with the bridge's status. */
  write(owner: Owner, path: string, body: Readable, signal: AbortSignal): Promise<number>
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

/** Ten years in seconds; the time of a longer one might be none. */
const LONGEST_IDLE = 315_360_000
const NOTICES_AT_MOST = HOME_PLACES.length
/** As much of `bridge/state.ts` as is needed here. */
const State = z.looseObject({
  idleSeconds: z.number().min(0).max(LONGEST_IDLE),
  viewers: z.number().int().min(0).max(10_000),
})
const Progress = z.looseObject({
  phase: z.string(),
  reason: z.string().optional(),
  // A word that is not known says nothing.
  obstacle: z.enum(OBSTACLES).optional().catch(undefined),
})
const AnyNotice = z
  .object({ what: z.enum(NOTICES), place: z.enum(HOME_PLACES).optional() })
  .transform(({ what, place }): Notice => ({ what, ...(place === undefined ? {} : { place }) }))
/** One that an older version started says none. */
const Notices = z.looseObject({
  notices: z.array(AnyNotice.optional().catch(undefined)).max(NOTICES_AT_MOST).catch([]).default([]),
})

/**
 * Ms until the bridge has to have answered: whoever sits at a desktop may make it say anything, as slowly as they like.
 * The page tries again by itself.
 */
const TIMEOUT = 4_000
/** Messages of Xvnc's picture may be large, yet the bridge cuts them into pieces far below. */
const LONGEST_MESSAGE = 16 * 1024 * 1024
const SECRET_KEPT = 60_000

interface Held {
  /** The name of the start that this is for. */
  readonly name: string
  readonly ca: string
  readonly token: string
  readonly until: number
}

export interface BridgesParts {
  readonly cluster: KubeConfig
  readonly addressOf: AddressOf
  /** The name that its certificate must be for; undefined where that person has no desktop. */
  readonly nameOf: (owner: Owner) => string | undefined
  readonly caller: Caller
  readonly monotonic: () => number
}

export function openBridges({ cluster, addressOf, nameOf, caller, monotonic }: BridgesParts): Bridges {
  const core = keptClient(cluster, CoreV1Api)
  const secrets = new Map<string, Held>()

  /** A desktop that runs on while the gateway's authority changes is told of the new one. */
  const tell = async (name: string, told: string | undefined): Promise<void> => {
    const authorities = Buffer.from(caller.authorities()).toString('base64')
    // One that an older version started does not ask for it.
    if (told === undefined || told === authorities) return
    const body = { data: { [DESKTOP.gatewayAuthorities]: authorities } }
    const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
    const request = { namespace: NAMESPACES.desktops, name, body, fieldManager: FIELD_MANAGERS.gateway }
    // The next look tries again: meanwhile the desktop knows the former one.
    await core.patchNamespacedSecret(request, merge).catch(() => {})
  }

  const held = async (owner: Owner, fresh = false): Promise<Held> => {
    const { slug, entryUUID } = owner
    const kept = secrets.get(slug)
    const name = nameOf(owner)
    if (name === undefined) throw new BridgeError(`${slug} has no desktop`)
    if (kept && !fresh && kept.name === name && kept.until > monotonic()) return kept
    const { data = {}, metadata } = await core.readNamespacedSecret({
      namespace: NAMESPACES.desktops,
      name: desktopName(slug),
    })
    const [ca = '', token = ''] = ['tls.crt', 'token'].map((key) =>
      Buffer.from(data[key] ?? '', 'base64')
        .toString('utf8')
        .trim(),
    )
    if (!ca || !token) throw new BridgeError(`the Secret of ${desktopName(slug)} is not whole`)
    if ((metadata?.annotations?.[ENTRY_UUID] ?? entryUUID) !== entryUUID)
      throw new BridgeError(`the Secret of ${desktopName(slug)} is a former person’s`)
    await tell(desktopName(slug), data[DESKTOP.gatewayAuthorities])
    const now = { name, ca, token, until: monotonic() + SECRET_KEPT }
    secrets.set(slug, now)
    return now
  }

  const optionsFor = (owner: Owner, { name, ca, token }: Held) => ({
    ...addressOf(owner),
    ca,
    servername: name,
    cert: caller.shown().certificate,
    key: caller.shown().key,
    minVersion: 'TLSv1.3' as const,
    headers: { host: serviceHost(owner.slug), authorization: `Bearer ${token}` },
  })

  const ask = async (owner: Owner, options: RequestOptions, body?: string): Promise<IncomingMessage> => {
    try {
      return await send({ ...optionsFor(owner, await held(owner)), ...options }, body)
    } catch (error) {
      // A new start has new secrets: what is kept may be those of the last one.
      const kept = secrets.get(owner.slug)
      secrets.delete(owner.slug)
      if (!(error instanceof BridgeError) || !mayBeStale(error)) throw error
      const now = await held(owner, true)
      if (now.token === kept?.token) throw error
      return await send({ ...optionsFor(owner, now), ...options }, body)
    }
  }

  /** A small answer, whole: one deadline lies over all of it, with the second try. */
  const small = async (owner: Owner, options: RequestOptions, body?: string): Promise<Said> => {
    const signal = AbortSignal.timeout(TIMEOUT)
    const answer = await ask(owner, { ...options, signal }, body)
    return { status: answer.statusCode ?? 500, text: await bodyOf(answer, LONGEST_SAYING) }
  }

  const told = async (owner: Owner, path: string, body: string): Promise<void> => {
    const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
    const base = optionsFor(owner, await held(owner))
    const { status } = await small(
      owner,
      { method: 'POST', path, headers: { ...base.headers, ...headers } },
      body,
    )
    if (status >= 300) throw new BridgeError(`the bridge said ${status}`, status)
  }

  return {
    async screen(owner) {
      // Always the newest secrets: behind an older certificate there may still be an older pod.
      const { host, port, headers, ...tls } = optionsFor(owner, await held(owner, true))
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
    async state(owner, now) {
      const { status, text } = await small(owner, { path: BRIDGE_PATHS.state })
      if (status !== 200) throw new BridgeError(cut(text, 200), status)
      const { idleSeconds, viewers } = State.parse(JSON.parse(text))
      // A span, not a time: that PC's clock is not ours.
      return { askedAt: now, lastInput: now - idleSeconds * 1000, viewers }
    },
    async progress(owner) {
      const { text } = await small(owner, { path: BRIDGE_PATHS.ready })
      const { phase, reason, obstacle } = Progress.parse(JSON.parse(text))
      if (phase === 'ready') return 'ready'
      if (obstacle !== undefined) return obstacle === 'storage' ? 'home' : obstacle
      // Every one waits for a moment; one that knows why has found the home in other hands.
      return phase === 'waiting' && reason !== undefined ? 'held' : 'starting'
    },
    async notices(owner) {
      const { status, text } = await small(owner, { path: BRIDGE_PATHS.state })
      if (status !== 200) throw new BridgeError(text.slice(0, 200), status)
      return Notices.parse(JSON.parse(text)).notices.filter((one) => one !== undefined)
    },
    message: (owner, text) => told(owner, BRIDGE_PATHS.message, JSON.stringify({ text })),
    keep: (owner) => told(owner, BRIDGE_PATHS.keep, ''),
    async remove(owner, path) {
      const { status } = await small(owner, {
        method: 'DELETE',
        path: `${BRIDGE_PATHS.files}?path=${path}`,
      })
      return status
    },
    read: (owner, path) => ask(owner, { path: `${BRIDGE_PATHS.files}?path=${path}` }),
    async write(owner, path, body, signal) {
      const to = `${BRIDGE_PATHS.files}?path=${path}`
      const { headers, ...rest } = optionsFor(owner, await held(owner, true))
      const type = { 'content-type': 'application/octet-stream' }
      const asked = requestTls({ ...rest, path: to, method: 'PUT', headers: { ...headers, ...type }, signal })
      const answered = new Promise<number>((done, fail) => {
        asked.once('error', fail)
        asked.once('response', (answer) => {
          answer.on('error', () => {})
          answer.resume()
          const limit = setTimeout(() => answer.destroy(), TIMEOUT)
          answer.once('close', () => clearTimeout(limit))
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
      answer.destroy()
      fail(new BridgeError('the bridge does not know our token', 401))
    })
    asked.end(body)
  })
}

interface Said {
  readonly status: number
  readonly text: string
}

/** Bytes. What a bridge says of itself takes a line; a folder's list is the longest. */
const LONGEST_SAYING = 16 * 1024
const LONGEST_TEXT = 1024 * 1024

/** The text of a folder's list; a failed, a long or a slow one throws. */
export async function textOf(answer: IncomingMessage): Promise<string> {
  const text = await bodyOf(answer, LONGEST_TEXT)
  if (answer.statusCode !== 200) throw new BridgeError(cut(text, 200), answer.statusCode)
  return text
}

async function bodyOf(answer: IncomingMessage, longest: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  const limit = setTimeout(() => answer.destroy(new BridgeError(`not whole within ${TIMEOUT} ms`)), TIMEOUT)
  try {
    for await (const chunk of answer) {
      const bytes = Buffer.from(chunk)
      length += bytes.length
      if (length > longest) throw new BridgeError('the bridge said more than anybody asked')
      chunks.push(bytes)
    }
    return Buffer.concat(chunks).toString('utf8')
  } finally {
    clearTimeout(limit)
    answer.destroy()
  }
}
