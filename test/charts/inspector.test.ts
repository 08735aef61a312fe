import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { nodeCommand } from '../../charts/kit/pods.ts'

/** By Node's inspector anybody who may send a signal would run code in a program of ours. */

const SAYS_READY = "setInterval(() => {}, 1000); console.log('ready')"

test('no signal opens the inspector of a program', async (t) => {
  const [, ...flags] = nodeCommand('unused')
  const child = spawn(process.execPath, [...flags.slice(0, -1), '--eval', SAYS_READY])
  t.teardown(() => child.kill('SIGKILL'))
  let errors = ''
  child.stderr.on('data', (text) => {
    errors += text
  })
  await once(child.stdout, 'data')
  child.kill('SIGUSR1')
  // The inspector says within milliseconds that it listens.
  await sleep(1_000)
  t.false(errors.includes('Debugger listening'))
})
