import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { WebSocket } from 'ws'
import { BRIDGE_PATHS } from '../../config/names.ts'

/** A viewer of a desktop for tests and pictures: RFB 3.8 with raw pixels over the bridge's websocket. */
export interface Viewer {
  readonly width: number
  readonly height: number
  /** Asks for the whole screen; resolves with its pixels, four bytes each: blue, green, red, nothing. */
  frame(): Promise<Buffer>
  /** A key by its X keysym: pressed and let go. */
  key(keysym: number): void
  pointer(x: number, y: number, buttons: number): void
  /** The code and reason with which the bridge ended it. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  close(): void
}

export interface DesktopAddress {
  /** `https://HOST:PORT` */
  readonly url: string
  readonly token: string
  /** Makes the TLS connection: it knows the way into the lab, and whose certificate is right. */
  readonly connect: () => TLSSocket
}

/** @throws with the bridge's answer when it refuses the viewer. */
export async function view({ url, token, connect }: DesktopAddress): Promise<Viewer> {
  const web = new WebSocket(`${url.replace(/^http/, 'ws')}${BRIDGE_PATHS.screen}`, {
    headers: token === '' ? {} : { Authorization: `Bearer ${token}` },
    createConnection: connect,
    perMessageDeflate: false,
  })
  const incoming = byteQueue()
  const closed = Promise.withResolvers<{ code: number; reason: string }>()
  web.on('error', () => {})
  web.on('message', (data: Buffer) => incoming.push(data))
  web.on('close', (code, reason) => {
    closed.resolve({ code, reason: reason.toString() })
    incoming.end()
  })
  const refused = once(web, 'unexpected-response').then(([, response]) => {
    throw new Error(`the bridge answered ${response.statusCode}`)
  })
  refused.catch(() => {})
  await Promise.race([once(web, 'open'), refused])

  await incoming.take(12)
  web.send(Buffer.from('RFB 003.008\n'))
  const [types = 0] = await incoming.take(1)
  if (!(await incoming.take(types)).includes(1)) throw new Error('the screen asks for a password')
  web.send(Buffer.from([1]))
  await incoming.take(4)
  web.send(Buffer.from([1]))
  const init = await incoming.take(24)
  await incoming.take(init.readUInt32BE(20))
  const [width, height] = [init.readUInt16BE(0), init.readUInt16BE(2)]
  // 32 bits, little endian, blue lowest; and raw pixels alone.
  web.send(Buffer.from([0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]))
  web.send(Buffer.from([2, 0, 0, 1, 0, 0, 0, 0]))
  const pixels = Buffer.alloc(width * height * 4)

  return {
    width,
    height,
    closed: closed.promise,
    async frame() {
      const request = Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0, 0])
      request.writeUInt16BE(width, 6)
      request.writeUInt16BE(height, 8)
      web.send(request)
      for (;;) {
        const [type] = await incoming.take(1)
        if (type === 2) continue
        if (type === 3) {
          await incoming.take((await incoming.take(7)).readUInt32BE(3))
          continue
        }
        if (type !== 0) throw new Error(`a message of type ${type}`)
        const rectangles = (await incoming.take(3)).readUInt16BE(1)
        for (let index = 0; index < rectangles; index++) await rectangle(incoming, pixels, width)
        return Buffer.from(pixels)
      }
    },
    key(keysym) {
      for (const down of [1, 0]) {
        const message = Buffer.from([4, down, 0, 0, 0, 0, 0, 0])
        message.writeUInt32BE(keysym, 4)
        web.send(message)
      }
    },
    pointer(x, y, buttons) {
      const message = Buffer.from([5, buttons, 0, 0, 0, 0])
      message.writeUInt16BE(x, 2)
      message.writeUInt16BE(y, 4)
      web.send(message)
    },
    close: () => web.close(),
  }
}

async function rectangle(incoming: ByteQueue, pixels: Buffer, screenWidth: number): Promise<void> {
  const head = await incoming.take(12)
  const [x, y, width, height] = [0, 2, 4, 6].map((at) => head.readUInt16BE(at)) as [
    number,
    number,
    number,
    number,
  ]
  const data = await incoming.take(width * height * 4)
  for (let row = 0; row < height; row++) {
    data.copy(pixels, ((y + row) * screenWidth + x) * 4, row * width * 4, (row + 1) * width * 4)
  }
}

/** How many different colours a frame has, of every seventh pixel: an empty screen has one, a desktop many. */
export function colours(frame: Buffer): number {
  const seen = new Set<number>()
  for (let at = 0; at + 4 <= frame.length; at += 28) seen.add(frame.readUInt32LE(at) & 0xffffff)
  return seen.size
}

/** How many pixels differ between two frames of one size. */
export function differing(one: Buffer, other: Buffer): number {
  let count = 0
  for (let at = 0; at + 4 <= one.length; at += 4)
    if (((one.readUInt32LE(at) ^ other.readUInt32LE(at)) & 0xffffff) !== 0) count++
  return count
}

interface ByteQueue {
  push(data: Buffer): void
  end(): void
  take(length: number): Promise<Buffer>
}

/** Bytes that come in any pieces and are taken by length, by one taker. */
function byteQueue(): ByteQueue {
  let have: Buffer[] = []
  let size = 0
  let over = false
  let wake = (): void => {}
  return {
    push(data) {
      have.push(data)
      size += data.length
      wake()
    },
    end() {
      over = true
      wake()
    },
    async take(length) {
      while (size < length) {
        if (over) throw new Error('the connection ended')
        await new Promise<void>((done) => {
          wake = done
        })
      }
      const all = have.length === 1 && have[0] ? have[0] : Buffer.concat(have)
      have = [all.subarray(length)]
      size -= length
      return all.subarray(0, length)
    },
  }
}
