import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'ava'
import { end, identify, isAlive, type ProcessIdentity, withEnvironment } from '../../lab/processes.ts'

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
