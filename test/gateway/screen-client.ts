import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Browser } from './browser.ts'

/** Opens a screen as a browser's page does; headers can be said otherwise. Resolves when it is open, or with the status. */
export function screen(
  origin: string,
  browser: Pick<Browser, 'cookie'> | undefined,
  { path = '/screen', headers = {} }: { path?: string; headers?: Record<string, string> } = {},
): Promise<{ socket: WebSocket; greeted: Promise<unknown> } | { status: number }> {
  const { port, host } = new URL(origin)
  const socket = new WebSocket(`wss://127.0.0.1:${port}${path}`, {
    rejectUnauthorized: false,
    perMessageDeflate: false,
    headers: { host, origin, ...(browser?.cookie ? { cookie: browser.cookie } : {}), ...headers },
  })
  // The desktop behind it is there when it says its first word.
  const greeted = new Promise((done) => {
    socket.once('message', done)
    socket.once('close', done)
  })
  return new Promise((done, fail) => {
    socket.on('error', fail)
    socket.on('unexpected-response', (_request, response) => {
      response.resume()
      done({ status: response.statusCode ?? 0 })
    })
    socket.on('open', () => {
      socket.off('error', fail)
      socket.on('error', () => {})
      done({ socket, greeted })
    })
  })
}

/** The same, which must open. */
export async function openScreen(origin: string, browser: Pick<Browser, 'cookie'>): Promise<WebSocket> {
  const opened = await screen(origin, browser)
  if ('status' in opened) throw new Error(`the screen did not open: ${opened.status}`)
  return opened.socket
}

export async function closeCode(socket: WebSocket): Promise<number> {
  if (socket.readyState === socket.CLOSED) return -1
  const [code] = await once(socket, 'close')
  return Number(code)
}
