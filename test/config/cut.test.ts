import test from 'ava'
import fc from 'fast-check'
import { cut } from '../../config/cut.ts'

test('a text is cut between characters, as people see them', (t) => {
  const letters = 'a'.repeat(127)
  t.is(cut(`${letters}😀`, 128), letters)
  t.is(cut(`${letters}😀`, 129), `${letters}😀`)
  // A letter with its accent, a family, a flag.
  for (const sign of ['e\u0301', '👨‍👩‍👧', '🇨🇭']) {
    t.is(cut(`x${sign}`, sign.length), 'x', sign)
    t.is(cut(`${sign}x`, sign.length), sign, sign)
  }
  t.is(cut('short', 128), 'short')
  t.is(cut('z'.repeat(10_000_000), 3), 'zzz')
})

test('what is cut is a beginning, no longer than asked for, and whole text', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, most) => {
      const shown = cut(text, most)
      return text.startsWith(shown) && shown.length <= most && shown.isWellFormed()
    }),
  )
  t.pass()
})
