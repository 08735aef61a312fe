import test from 'ava'
import fc from 'fast-check'
import { canonical, formsToTry, LONGEST_PASSWORD, readPassword } from '../../directory/password.ts'

test('one text has one form, however it was typed', (t) => {
  t.is(canonical('fu\u0308nf A\u030angstro\u0308m'), canonical('fünf Ångström'))
  t.is(canonical('my\u00a0long\u3000secret'), 'my long secret')
  t.not(canonical('Straße'), canonical('Strasse'), 'and different texts stay different')
  t.not(canonical('My Secret'), canonical('my secret'))
})

const unfit: readonly (readonly [string, RegExp])[] = [
  ['', /blank/],
  ['\u00a0\u3000   \u00a0     ', /blank/],
  ['üüüüü', /with 5 characters instead of 10/],
  ['u\u0308'.repeat(6), /with 6 characters/],
  ['😀'.repeat(9), /with 9 characters/],
  ['my long\nsecret', /no key types/],
  ['my long \ud83d secret', /no key types/],
  ['x'.repeat(LONGEST_PASSWORD + 1), /with 257 characters instead of at most 256/],
]
for (const [given, why] of unfit) {
  test(`refused with the reason: ${JSON.stringify(given.slice(0, 20))}`, (t) => {
    const read = readPassword(given)
    t.regex('unfit' in read ? read.unfit : 'taken', why)
  })
}

test('characters are counted, not bytes and not code units', (t) => {
  t.deepEqual(readPassword('😀'.repeat(LONGEST_PASSWORD)), { password: '😀'.repeat(LONGEST_PASSWORD) })
  t.deepEqual(readPassword('ü'.repeat(10)), { password: 'ü'.repeat(10) })
  t.deepEqual(readPassword('{CLEARTEXT}my secret 88'), { password: '{CLEARTEXT}my secret 88' })
})

test('who logs in is tried by the one form, then as typed; a blank or endless text is nobody’s', (t) => {
  t.deepEqual(formsToTry('fu\u0308nf'), ['fünf', 'fu\u0308nf'])
  t.deepEqual(formsToTry('five'), ['five'])
  for (const given of ['', '  ', '\u00a0', 'x'.repeat(LONGEST_PASSWORD + 1)])
    t.deepEqual(formsToTry(given), [])
})

test('what is taken keeps its form, and is what a login tries first', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 10, maxLength: 60 }), (given) => {
      const read = readPassword(given)
      if ('unfit' in read) return true
      return canonical(read.password) === read.password && formsToTry(given)[0] === read.password
    }),
  )
  t.pass()
})
