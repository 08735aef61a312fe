import type { WebSocket } from 'ws'
import { cut } from '../../config/cut.ts'

/** Two websockets joined; each end's messages go to the other, no faster than it takes them. */
export interface Relay {
  /** Ends both. */
  close(code: number, reason: string): void
}

/** Bytes that may wait for a slow end before the other one is asked to pause. */
const HIGH_WATER = 1024 * 1024
const LOW_WATER = 256 * 1024
/** Both ends are asked for a sign of life this often; one that gives none until the next time is gone. Ms. */
const PING_EVERY = 25_000

/** Codes that may be said on the wire; the others only describe what happened here. */
const sayable = (code: number): number => ((code >= 1000 && code <= 1003) || code >= 3000 ? code : 1011)

/**
 * Joins two open websockets until one of them ends. Binary messages alone are passed on. Nothing is thrown: an end that
 * breaks ends the other.
 */
export function relay(browser: WebSocket, desktop: WebSocket, onEnd: () => void): Relay {
  let ended = false
  const end = (code: number, reason: string) => {
    if (ended) return
    ended = true
    clearInterval(pulse)
    for (const socket of [browser, desktop]) {
      // A paused socket reads no answer to its closing.
      socket.resume()
      socket.close(sayable(code), cut(reason, 100))
      setTimeout(() => socket.terminate(), 2_000).unref()
    }
    onEnd()
  }
  const alive = new WeakSet<WebSocket>([browser, desktop])
  const pulse = setInterval(() => {
    for (const socket of [browser, desktop]) {
      if (!alive.has(socket)) {
        socket.terminate()
        end(1011, 'no sign of life')
        return
      }
      alive.delete(socket)
      socket.ping()
    }
  }, PING_EVERY)
  pass(browser, desktop, end)
  pass(desktop, browser, end)
  for (const socket of [browser, desktop]) {
    socket.on('pong', () => alive.add(socket))
    socket.on('error', () => end(1011, 'the connection broke'))
    socket.on('close', (code, reason) => end(code, reason.toString('utf8')))
  }
  return { close: end }
}

function pass(from: WebSocket, to: WebSocket, end: (code: number, reason: string) => void): void {
  from.on('message', (data, isBinary) => {
    if (!isBinary) {
      end(1003, 'the screen speaks in bytes')
      return
    }
    if (to.readyState !== to.OPEN) return
    to.send(data, { binary: true }, () => {
      if (from.isPaused && to.bufferedAmount < LOW_WATER) from.resume()
    })
    if (to.bufferedAmount > HIGH_WATER && !from.isPaused) from.pause()
  })
}
