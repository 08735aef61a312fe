import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { CLIPBOARD } from '../config/clipboard.ts'
import { SCREEN_CLOSED } from '../config/names.ts'
import { inputReader } from './input.ts'

/** The way from a viewer's websocket to Xvnc's socket. One viewer at a time: a newer one ends the older. */
export interface Screen {
  /** Takes over an upgrade that has been checked already. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void
  viewers(): number
  /** Ends the viewer with that code, now and for good. */
  close(code: number, reason: string): void
}

export interface ScreenOptions {
  /** Xvnc's unix socket. */
  readonly socket: string
  /** The most that a viewer may make of the screen. */
  readonly pixels: number
  readonly onInput: () => void
  readonly log: (text: string) => void
  /** Milliseconds between pings; a viewer that answers none between two is gone. */
  readonly ping?: number
}

/** Bytes on the way to a slow viewer, at which Xvnc is made to wait, and at which it goes on. */
const [HIGH, LOW] = [2 * 2 ** 20, 512 * 2 ** 10]

interface Viewer {
  readonly web: WebSocket
  end(code: number, reason: string): void
}

export function makeScreen({ socket: path, pixels, onInput, log, ping = 20_000 }: ScreenOptions): Screen {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    // A clipboard; keys and pointer take a few bytes.
    maxPayload: CLIPBOARD.message,
  })
  let current: Viewer | undefined
  let closed: { readonly code: number; readonly reason: string } | undefined

  const attach = (web: WebSocket): void => {
    // From the first moment: an error without a listener would end the bridge.
    web.on('error', (error) => log(`a viewer's connection: ${error.message}`))
    if (closed) {
      web.close(closed.code, closed.reason)
      return
    }
    const vnc = connect(path)
    const viewer = join(web, vnc, { pixels, onInput, log, ping }, () => {
      if (current === viewer) current = undefined
    })
    current?.end(SCREEN_CLOSED.takenOver, 'opened elsewhere')
    current = viewer
  }

  return {
    accept(request, socket, head) {
      socket.on('error', (error: Error) => log(`a viewer's connection: ${error.message}`))
      server.handleUpgrade(request, socket, head, attach)
    },
    viewers: () => (current ? 1 : 0),
    close(code, reason) {
      closed = { code, reason }
      current?.end(code, reason)
    },
  }
}

/** Joins the two sockets in both directions; when one ends, so does the other, and `onEnd` is called once. */
function join(
  web: WebSocket,
  vnc: Socket,
  { pixels, onInput, log, ping }: Required<Omit<ScreenOptions, 'socket'>>,
  onEnd: () => void,
): Viewer {
  const input = inputReader(pixels)
  let over = false
  let answered = true
  const beats = setInterval(() => {
    if (!answered) return web.terminate()
    answered = false
    web.ping()
  }, ping)

  const end = (code: number, reason: string): void => {
    if (over) return
    over = true
    clearInterval(beats)
    vnc.destroy()
    web.resume()
    web.close(code, reason)
    // A viewer that does not answer the goodbye holds no place.
    setTimeout(() => web.terminate(), 2_000).unref()
    onEnd()
  }

  web.on('pong', () => {
    answered = true
  })
  web.on('message', (data: RawData, binary: boolean) => {
    if (over) return
    answered = true
    if (!binary) return end(1003, 'the screen speaks binary messages alone')
    const bytes = Buffer.isBuffer(data)
      ? data
      : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)])
    const { signs, passes } = input.feed(bytes)
    if (signs > 0) onInput()
    if (input.lost()) {
      log('a viewer sent a message that is not known')
      return end(1002, 'a message that is not known')
    }
    if (!vnc.write(passes)) web.pause()
  })
  web.on('close', () => end(1000, ''))

  vnc.on('drain', () => web.resume())
  vnc.on('data', (bytes) => {
    web.send(bytes, { binary: true }, () => {
      if (!over && vnc.isPaused() && web.bufferedAmount < LOW) vnc.resume()
    })
    if (web.bufferedAmount > HIGH) vnc.pause()
  })
  vnc.on('error', (error) => {
    log(`Xvnc's socket: ${error.message}`)
    end(1011, 'the desktop does not answer')
  })
  vnc.on('close', () => end(1012, 'the screen ended'))
  return { web, end }
}
