import test from 'ava'
import fc from 'fast-check'
import { inputReader } from '../../bridge/input.ts'

const greeting = (version = '003.008') => [
  ...Buffer.from(`RFB ${version}\n`),
  ...(version < '003.007' ? [] : [1]),
  1,
]
const u16 = (n: number) => [(n >> 8) & 255, n & 255]
const u32 = (n: number) => [(n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]

interface Sent {
  readonly bytes: readonly number[]
  readonly signs: number
}

const quiet = (bytes: readonly number[]): Sent => ({ bytes, signs: 0 })
const sign = (bytes: readonly number[]): Sent => ({ bytes, signs: 1 })

const byte = fc.nat(255)
const bytes = (length: number) => fc.array(byte, { minLength: length, maxLength: length })
const some = fc.array(byte, { maxLength: 40 })

/** Messages as a viewer sends them that has not agreed on more than seven buttons. */
const message: fc.Arbitrary<Sent> = fc.oneof(
  bytes(19).map((rest) => quiet([0, ...rest])),
  fc
    .array(fc.integer({ min: -300, max: 50 }), { maxLength: 20 })
    .map((list) => quiet([2, 0, ...u16(list.length), ...list.flatMap(u32)])),
  bytes(9).map((rest) => quiet([3, ...rest])),
  bytes(7).map((rest) => sign([4, ...rest])),
  bytes(5).map((rest) => sign([5, ...rest])),
  some.map((text) => sign([6, 0, 0, 0, ...u32(text.length), ...text])),
  some.map((text) => sign([6, 0, 0, 0, ...u32(-(text.length + 4)), ...u32(1 << 27), ...text])),
  some.map((text) => quiet([6, 0, 0, 0, ...u32(-(text.length + 4)), ...u32(1 << 25), ...text])),
  bytes(9).map((rest) => quiet([150, ...rest])),
  some.map((load) =>
    quiet([248, 0, 0, 0, 0, 0, 0, 1, load.length, ...load].slice(0, 8).concat(load.length, load)),
  ),
  fc
    .nat(4)
    .chain((screens) => bytes(16 * screens).map((rest) => quiet([251, 0, 1, 0, 1, 0, screens, 0, ...rest]))),
  bytes(10).map((rest) => sign([255, 0, ...rest])),
  fc.constant(quiet([255, 1, 0, 1])),
  bytes(6).map((rest) => quiet([255, 1, 0, 2, ...rest])),
)

/** The same bytes in pieces of the given lengths, repeated. */
function* pieces(all: readonly number[], lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < all.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1
    yield Uint8Array.from(all.slice(at, at + length))
    at += length
  }
}

/** The most pixels of the screen in these tests. */
const PIXELS = 1_024_000

const read = (all: readonly number[], lengths: readonly number[] = [all.length]) => {
  const reader = inputReader(PIXELS)
  let signs = 0
  const passed: number[] = []
  for (const piece of pieces(all, lengths)) {
    const one = reader.feed(piece)
    signs += one.signs
    passed.push(...one.passes)
  }
  return { signs, lost: reader.lost(), passed }
}

const count = (all: readonly number[], lengths: readonly number[] = [all.length]) => {
  const { signs, lost } = read(all, lengths)
  return { signs, lost }
}

const lengths = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 })

test('keys, pointer and clipboard count, in any pieces; what viewers send by themselves does not', (t) => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 30 }), lengths, (messages, cuts) => {
      const all = [...greeting(), ...messages.flatMap((one) => one.bytes)]
      const signs = messages.reduce((sum, one) => sum + one.signs, 0)
      t.deepEqual(count(all, cuts), { signs, lost: false })
    }),
    { numRuns: 500 },
  )
})

test('any bytes give the same count in any pieces, and never an error', (t) => {
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 300 }), lengths, (noise, cuts) => {
      t.deepEqual(count([...greeting(), ...noise], cuts), count([...greeting(), ...noise]))
      t.deepEqual(count(noise, cuts), count(noise))
    }),
    { numRuns: 500 },
  )
})

test('after an unknown message or version nothing passes: nobody would know what it is', (t) => {
  const reader = inputReader(PIXELS)
  t.is(reader.feed(Uint8Array.from([...greeting(), 3, 0, 0, 0, 0, 0, 0, 0, 0, 0])).passes.length, 24)
  t.is(reader.feed(Uint8Array.from([99, 1, 2])).passes.length, 0)
  t.true(reader.lost())
  t.is(reader.feed(Uint8Array.from([3, 0, 0])).passes.length, 0)
  for (const version of ['003.004', '003.005', '003.889', '004.000']) {
    const all = [...greeting(version), ...size(9_000, 6_000)]
    t.deepEqual(read(all), { signs: 0, lost: true, passed: [] }, version)
  }
})

const size = (width: number, height: number) => [
  ...[251, 0, ...u16(width), ...u16(height), 1, 0],
  ...[...u32(7), ...u32(0), ...u16(width), ...u16(height), ...u32(0)],
]

test('a size above the memory of the desktop is handed on as none, in any pieces; every other byte as it is', (t) => {
  const sizes = fc.tuple(fc.nat(65_535), fc.nat(65_535))
  fc.assert(
    fc.property(fc.array(fc.oneof(message, sizes)), lengths, (parts, cuts) => {
      const sent: number[] = [...greeting()]
      const wanted = [...sent]
      for (const part of parts) {
        if ('bytes' in part) {
          sent.push(...part.bytes)
          wanted.push(...part.bytes)
          continue
        }
        const [width, height] = part
        const bytes = size(width, height)
        sent.push(...bytes)
        wanted.push(
          ...(width * height > PIXELS ? [...bytes.slice(0, 2), 0, 0, 0, 0, ...bytes.slice(6)] : bytes),
        )
      }
      t.deepEqual(read(sent, cuts).passed, wanted)
    }),
    { numRuns: 500 },
  )
  const exact = [...greeting(), ...size(1280, 800)]
  t.deepEqual(read(exact).passed, exact)
  t.notDeepEqual(read([...greeting(), ...size(1281, 800)]).passed, [...greeting(), ...size(1281, 800)])
})

test('more than seven buttons make a pointer message longer, once the viewer has said so', (t) => {
  const many = [5, 0x80, 0, 1, 0, 1, 1]
  const key = [4, 1, 0, 0, 0, 0, 0, 65]
  const plain = [...greeting(), 5, 0x80, 0, 1, 0, 1, ...key]
  t.deepEqual(count(plain), { signs: 2, lost: false })
  const agreed = [...greeting(), 2, 0, 0, 1, ...u32(-316), ...many, ...key]
  t.deepEqual(count(agreed, [1]), { signs: 2, lost: false })
})

test('a viewer of version 3.3 chooses no security type', (t) => {
  t.deepEqual(count([...greeting('003.003'), 4, 1, 0, 0, 0, 0, 0, 65]), { signs: 1, lost: false })
})
