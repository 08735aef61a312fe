import test from 'ava'
import fc from 'fast-check'
import { LOGIN_PATTERN, SLUG_PATTERN, slugOf } from '../../config/names.ts'

const login = fc.stringMatching(LOGIN_PATTERN)

test('every login has a slug that Kubernetes takes, in a label and behind desktop-', (t) => {
  fc.assert(
    fc.property(login, (name) => {
      const slug = slugOf(name)
      return SLUG_PATTERN.test(slug) && `desktop-${slug}`.length <= 63
    }),
    { numRuns: 2000 },
  )
  t.pass()
})

test('two logins never share a slug', (t) => {
  fc.assert(
    fc.property(login, login, (one, other) => one === other || slugOf(one) !== slugOf(other)),
    { numRuns: 5000 },
  )
  t.pass()
})

test('a plain login is its own slug; others are escaped', (t) => {
  t.is(slugOf('ada'), 'ada')
  t.is(slugOf('ada-lovelace'), 'ada-lovelace')
  t.regex(slugOf('ada.lovelace'), /^ada-lovelace--[0-9a-f]{8}$/)
  t.regex(slugOf('_svc'), /^svc--[0-9a-f]{8}$/)
  t.regex(slugOf('___'), /^p--[0-9a-f]{8}$/)
})

test('a login that looks like an escaped one cannot take its slug', (t) => {
  const victim = slugOf('ada.lovelace')
  t.not(slugOf(victim), victim)
})
