import { once } from 'node:events'
import { createServer } from 'node:http'
import test from 'ava'
import { WebSocket } from 'ws'
import { makeScreen } from '../../bridge/screen.ts'
import { screenPixels } from '../../config/screen-size.ts'
import { startXvnc } from '../gateway/xvnc.ts'
import { eventually } from '../harness/wait.ts'

/** Sizes as a viewer of somebody's own making asks for them, at the bridge's own way to a real Xvnc. */

const EXTENDED_DESKTOP_SIZE = -308

const u16 = (n: number) => [n >> 8, n & 255]
const i32 = (n: number) => [...Buffer.from(Int32Array.of(n).buffer).reverse()]
const request = Buffer.from([3, 0, 0, 0, 0, 0, 0, 1, 0, 1])

const asked = (width: number, height: number, screen: readonly number[]) =>
  Buffer.from([
    ...[251, 0, ...u16(width), ...u16(height), 1, 0],
    ...[...screen.slice(0, 4), 0, 0, 0, 0, ...u16(width), ...u16(height), 0, 0, 0, 0],
  ])

test('a size above the memory is refused by Xvnc, which goes on as it was; one within it is made', async (t) => {
  t.timeout(300_000, 'the first time, a browser’s Debian is unpacked')
  const xvnc = await startXvnc()
  t.teardown(() => xvnc.end())
  const pixels = screenPixels('2Gi')
  const screen = makeScreen({ socket: xvnc.socket, pixels, onInput: () => {}, log: t.log })
  const server = createServer().listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  server.on('upgrade', screen.accept)
  await once(server, 'listening')
  const address = server.address()
  const web = new WebSocket(`ws://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`)
  t.teardown(() => web.terminate())
  let bytes = Buffer.alloc(0)
  web.on('message', (data: Buffer) => {
    bytes = Buffer.concat([bytes, data])
  })
  const take = async (length: number): Promise<Buffer> => {
    await eventually(`${length} bytes come`, () => bytes.length >= length, { every: 5, seconds: 20 })
    const taken = bytes.subarray(0, length)
    bytes = bytes.subarray(length)
    return taken
  }
  /** The next word about the size that is said for this reason; all else is passed over. */
  const sized = async (why: number) => {
    for (;;) {
      web.send(request)
      const [type = 0] = await take(1)
      t.is(type, 0)
      let word: object | undefined
      for (let rectangles = (await take(3)).readUInt16BE(1); rectangles > 0; rectangles--) {
        const head = await take(12)
        const [x = 0, y = 0, width = 0, height = 0] = [0, 2, 4, 6].map((at) => head.readUInt16BE(at))
        if (head.readInt32BE(8) === EXTENDED_DESKTOP_SIZE) {
          const [screens = 0] = await take(4)
          screenOf = [...(await take(16 * screens))]
          if (x === why) word = { why: x, result: y, width, height }
        } else await take(width * height * 4)
      }
      if (word) return word
    }
  }
  let screenOf: readonly number[] = []

  await take(12)
  web.send(Buffer.from('RFB 003.008\n'))
  const [types = 0] = await take(1)
  await take(types)
  web.send(Buffer.from([1]))
  await take(4)
  web.send(Buffer.from([1]))
  await take((await take(24)).readUInt32BE(20))
  web.send(Buffer.from([2, 0, ...u16(1), ...i32(EXTENDED_DESKTOP_SIZE)]))
  t.like(await sized(0), { width: 1280, height: 800 })
  for (const [width, height] of [
    [9_000, 6_000],
    [32_767, 32_767],
    [65_535, 65_535],
    [65_535, 400],
  ] as const) {
    // Piece by piece, so that nothing has passed before it is known.
    const message = asked(width, height, screenOf)
    web.send(message.subarray(0, 3))
    web.send(message.subarray(3))
    t.like(await sized(1), { why: 1, result: 3, width: 1280, height: 800 }, `${width}x${height}`)
  }
  web.send(asked(3_840, 2_160, screenOf))
  t.like(await sized(1), { why: 1, result: 0, width: 3_840, height: 2_160 })
})
