import test from 'ava'
import { generatePassword } from '../../directory/generated-password.ts'

test('a password that is made up can be dictated: no letter or digit is read for another', (t) => {
  const all = Array.from({ length: 200 }, () => generatePassword())
  for (const password of all) t.regex(password, /^[a-hjkmnp-z2-9]{5}(-[a-hjkmnp-z2-9]{5}){3}$/)
  t.is(new Set(all).size, all.length)
})
