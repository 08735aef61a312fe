import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import { type WebSocket, WebSocketServer } from 'ws'
import { reasonOf } from '../../cluster/answer.ts'
import { CLIPBOARD } from '../../config/clipboard.ts'
import type { Bridges } from '../desktops/bridge.ts'
import type { Owner } from '../desktops/desktop.ts'
import type { Desktops } from '../desktops/desktops.ts'
import { upgradeFault } from '../request/origin.ts'
import { isForSession } from '../session/session.ts'
import type { Sessions, Visitor } from '../session/sessions.ts'
import { CLOSED } from './closed.ts'
import { type Relay, relay } from './relay.ts'

export interface Screens {
  /** Every upgrade of a connection comes here; no other part of the gateway sees one. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  open(): number
  /** Ends the screens of sessions that are no longer good, and those of pods that another one has replaced. */
  review(): void
  /** Sends everybody to another replica. */
  leave(): void
}

export interface ScreenParts {
  readonly sessions: Sessions
  readonly desktops: Desktops
  readonly bridges: Bridges
  readonly hosts: readonly string[]
  readonly log: Logger
  /** This connection carries that person. */
  readonly known: (socket: Duplex, slug: string) => void
  readonly count: (outcome: 'opened' | Refusal['why']) => void
}

interface Entry {
  readonly visitor: Visitor
  /** The pod whose screen it is. */
  readonly pod: string | undefined
  relay?: Relay
}

/** A browser that does not answer the end of its screen is cut off after this. Ms. */
const LAST_WORD = 2_000
/** Screens of one person at one replica: a page that is taken over closes its own. */
const MOST_PER_PERSON = 6
const MOST = 600

interface Refusal {
  readonly status: string
  readonly why: 'path' | 'host' | 'foreign' | 'session' | 'off' | 'many'
}

const REFUSALS: Readonly<Record<Refusal['why'], string>> = {
  path: '404 Not Found',
  host: '421 Misdirected Request',
  foreign: '403 Forbidden',
  session: '401 Unauthorized',
  off: '409 Conflict',
  many: '429 Too Many Requests',
}

/**
 * The one way to a screen. Path, host, origin, session, and the person's own running desktop are all found good before
 * anything is dialled; whose desktop it is follows from the session alone.
 */
export function openScreens({ sessions, desktops, bridges, hosts, log, known, count }: ScreenParts): Screens {
  const server = new WebSocketServer({
    noServer: true,
    // What a browser sends is small, but for a clipboard.
    maxPayload: CLIPBOARD.message,
    perMessageDeflate: false,
    clientTracking: false,
  })
  const open = new Map<WebSocket, Entry>()
  let leaving = false

  const judge = async (request: IncomingMessage): Promise<{ visitor: Visitor } | Refusal['why']> => {
    const mark = markAt(request.url)
    if (mark === false) return 'path'
    const fault = upgradeFault(request.headers, hosts)
    if (fault) return fault
    const visitor = await sessions.visitor(request.headers.cookie)
    if (!visitor || !isForSession(mark, visitor.session)) return 'session'
    const { slug } = visitor.session
    if (!(await readySoon(desktops, visitor.session))) return 'off'
    if (!sessions.stillGood(visitor.session)) return 'session'
    const own = [...open.values()].filter((one) => one.visitor.session.slug === slug).length
    return own >= MOST_PER_PERSON || open.size >= MOST || leaving ? 'many' : { visitor }
  }

  const join = async (browser: WebSocket, visitor: Visitor): Promise<void> => {
    const { slug } = visitor.session
    const entry: Entry = { visitor, pod: desktops.of(visitor.session)?.pod?.name }
    open.set(browser, entry)
    browser.on('error', () => {})
    browser.once('close', () => open.delete(browser))
    // What the browser says before the desktop answers waits in its connection.
    browser.pause()
    try {
      const desktop = await bridges.screen(visitor.session)
      await opened(desktop, browser)
      // It may have ended while the desktop was dialled. The two are not joined: nothing passes, whatever the browser does.
      if (!sessions.stillGood(visitor.session)) {
        desktop.terminate()
        browser.resume()
        browser.close(CLOSED.ended, 'the session ended')
        setTimeout(() => browser.terminate(), LAST_WORD).unref()
        return
      }
      entry.relay = relay(browser, desktop, () => open.delete(browser))
      desktop.resume()
      browser.resume()
      count('opened')
    } catch (error) {
      log.warn({ slug, reason: reasonOf(error) }, 'a desktop could not be dialled')
      browser.resume()
      browser.close(CLOSED.unreachable, 'the desktop does not answer')
    }
  }

  const receive = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const judged = await judge(request)
    if (typeof judged === 'string') {
      count(judged)
      log.info({ why: judged }, 'a screen was refused')
      refuse(socket, REFUSALS[judged])
      return
    }
    known(socket, judged.visitor.session.slug)
    server.handleUpgrade(request, socket, head, (browser) => void join(browser, judged.visitor))
  }

  const end = (browser: WebSocket, relayed: Relay | undefined, code: number, reason: string) => {
    if (relayed) relayed.close(code, reason)
    else browser.close(code, reason)
  }

  return {
    upgrade(request, socket, head) {
      // Until it is a websocket nobody else hears its errors, and unheard they would end the process.
      socket.on('error', () => socket.destroy())
      receive(request, socket, head).catch((error: unknown) => {
        log.error({ reason: reasonOf(error) }, 'an upgrade failed')
        socket.destroy()
      })
    },
    open: () => open.size,
    review() {
      for (const [browser, { visitor, pod, relay: relayed }] of open) {
        // The pod of a PC without power says nothing more, and its connection would seem to stand for a minute.
        const now = desktops.of(visitor.session)?.pod?.name
        if (now !== undefined && now !== pod)
          end(browser, relayed, CLOSED.unreachable, 'the desktop has moved')
        if (!sessions.stillGood(visitor.session)) end(browser, relayed, CLOSED.ended, 'the session ended')
      }
    },
    leave() {
      leaving = true
      for (const [browser, { relay: relayed }] of open)
        end(browser, relayed, CLOSED.moving, 'this replica stops')
    },
  }
}

const ADDRESS = /^\/screen(?:\?session=([\w-]{1,64}))?$/

/** The mark of a session in the address of a screen, if it says one; false where it is no such address. */
function markAt(address = ''): string | undefined | false {
  const found = ADDRESS.exec(address)
  return found === null ? false : found[1]
}

/** The replica that told the page may have known a moment before this one. */
const SOON = 1_000

function readySoon(desktops: Desktops, owner: Owner): Promise<boolean> {
  const is = (step: string): boolean => desktops.of(owner)?.pod?.step === step
  if (!is('start')) return Promise.resolve(is('ready'))
  return new Promise((done) => {
    const timer = setTimeout(finish, SOON)
    const forget = desktops.onChange(() => {
      if (!is('start')) finish()
    })
    function finish() {
      clearTimeout(timer)
      forget()
      done(is('ready'))
    }
  })
}

/** Resolves when the desktop answered; gives up when it cannot, or the browser has gone. */
function opened(desktop: WebSocket, browser: WebSocket): Promise<void> {
  return new Promise((done, fail) => {
    const leave = () => {
      desktop.terminate()
      fail(new Error('the browser left'))
    }
    desktop.on('error', fail)
    desktop.once('open', () => {
      // Its first words come before anybody listens, else.
      desktop.pause()
      browser.off('close', leave)
      done()
    })
    browser.once('close', leave)
  })
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
