import test from 'ava'
import { askPassword } from '../../cli/password.ts'
import { keptTerminal } from './terminal.ts'

test('a password from stdin is the whole of it, without the last newline', async (t) => {
  const { terminal, stdin } = keptTerminal()
  stdin.end('correct horse \r\n')
  t.is(await askPassword(terminal, true, 'ada'), 'correct horse ')
})

test('without a terminal and without stdin there is no password, and nobody waits for one', async (t) => {
  const { terminal } = keptTerminal()
  t.is(await askPassword(terminal, false, 'ada'), undefined)
})
