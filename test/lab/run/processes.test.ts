import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import test from 'ava'
import {
  end,
  helpersOf,
  identify,
  isAlive,
  type ProcessIdentity,
  withEnvironment,
} from '../../../lab/run/processes.ts'
import { becomes } from '../../harness/wait.ts'

const started: ReturnType<typeof spawn>[] = []
test.after.always(() => {
  for (const child of started) child.kill('SIGKILL')
})

async function sleeper(env: Record<string, string> = {}): Promise<ProcessIdentity> {
  const child = spawn('sleep', ['60'], { env: { PATH: process.env.PATH, ...env } })
  started.push(child)
  await once(child, 'spawn')
  const found = identify(child.pid ?? 0)
  if (!found) throw new Error('sleep did not start')
  return found
}

test('a process is known by pid, start, boot and file', async (t) => {
  const one = await sleeper()
  t.true(isAlive(one))
  t.regex(one.executable, /sleep|coreutils|busybox/)
  await end([one])
  t.false(isAlive(one))
})

for (const [what, change] of Object.entries({
  'began at another time': { startTime: '1' },
  'has another file': { executable: '/usr/bin/other' },
  'belongs to another boot': { boot: 'x' },
})) {
  test(`a process that ${what} than the recorded one is never ended`, async (t) => {
    const foreign = await sleeper()
    await end([{ ...foreign, ...change }], 'SIGKILL')
    t.true(isAlive(foreign))
  })
}

test('one that ignores SIGTERM is ended by force after the wait', async (t) => {
  const child = spawn('sh', ['-c', 'trap "" TERM; echo; while :; do sleep 0.05; done'])
  started.push(child)
  await once(child.stdout, 'data')
  const stubborn = identify(child.pid ?? 0)
  if (!stubborn) return t.fail('sh did not start')
  const began = Date.now()
  await end([stubborn], 'SIGTERM', 300)
  t.false(isAlive(stubborn))
  t.true(Date.now() - began >= 300)
})

test('processes are found by an exact entry of their environment', async (t) => {
  const one = await sleeper({ DESKFLEET_TEST_MARK: 'this' })
  await sleeper({ DESKFLEET_TEST_MARK: 'this one not' })
  t.deepEqual(withEnvironment('DESKFLEET_TEST_MARK=this'), [one])
})

test('helpers are what a process started, at any depth, without what a run of the lab owns', async (t) => {
  const script = 'sh -c "sleep 61 & echo; wait" & DESKFLEET_LAB_RUN=/x sleep 62 & wait'
  const child = spawn('sh', ['-c', script], { env: { PATH: process.env.PATH }, detached: true })
  // What belongs to a run is no helper, but a process of this test all the same.
  t.teardown(() => process.kill(-(child.pid ?? 0), 'SIGKILL'))
  await once(child.stdout, 'data')
  const commands = (): string[] =>
    helpersOf(child.pid ?? 0).map(({ pid }) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim(),
    )
  // What was forked a moment ago is the shell still, with the environment of the shell.
  const wanted = ['sh -c sleep 61 & echo; wait', 'sleep 61'].join()
  await becomes('the helpers', () => commands().join(), wanted)
  t.is(commands().join(), wanted)
  await end(helpersOf(child.pid ?? 0), 'SIGKILL')
})
