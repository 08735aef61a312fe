import { randomBytes } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import test from 'ava'
import { CLIPBOARD } from '../../config/clipboard.ts'

test('the longest text fits into the longest message, also one that cannot be made smaller', (t) => {
  // Five bytes around each block that is stored, at the smallest blocks that zlib makes.
  const packed = deflateSync(randomBytes(CLIPBOARD.longest + 4), { memLevel: 1, level: 0 })
  t.true(packed.length + 12 < CLIPBOARD.message, String(packed.length))
})
