import test from 'ava'
import { askPassword, generatePassword } from '../../cli/password.ts'
import { keptTerminal } from './terminal.ts'

test('a password that is made up can be dictated: no letter or digit is read for another', (t) => {
  const all = Array.from({ length: 200 }, () => generatePassword())
  for (const password of all) t.regex(password, /^[a-hjkmnp-z2-9]{5}(-[a-hjkmnp-z2-9]{5}){3}$/)
  t.is(new Set(all).size, all.length)
})

test('a password from stdin is the whole of it, without the last newline', async (t) => {
  const { terminal, stdin } = keptTerminal()
  stdin.end('correct horse \r\n')
  t.is(await askPassword(terminal, true, 'ada'), 'correct horse ')
})

test('without a terminal and without stdin there is no password, and nobody waits for one', async (t) => {
  const { terminal } = keptTerminal()
  t.is(await askPassword(terminal, false, 'ada'), undefined)
})
