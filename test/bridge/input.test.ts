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

const count = (all: readonly number[], lengths: readonly number[] = [all.length]) => {
  const reader = inputReader()
  let signs = 0
  for (const piece of pieces(all, lengths)) signs += reader.feed(piece)
  return { signs, lost: reader.lost() }
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

test('an unknown message leaves the reader lost, and all that follows counts', (t) => {
  const reader = inputReader()
  t.is(reader.feed(Uint8Array.from([...greeting(), 3, 0, 0, 0, 0, 0, 0, 0, 0, 0])), 0)
  t.true(reader.feed(Uint8Array.from([99, 1, 2])) > 0)
  t.true(reader.lost())
  t.is(reader.feed(Uint8Array.from([3, 0, 0])), 3)
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
