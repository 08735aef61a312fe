import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { endRun } from '../../../lab/run/end.ts'
import { identify, isAlive, type ProcessIdentity } from '../../../lab/run/processes.ts'
import { changeRecord, createRecord, readRecord, withProcess } from '../../../lab/run/record.ts'
import { logTail, runs, startProcess, stopProcess } from '../../../lab/run/run.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

process.env.XDG_STATE_HOME = temporaryFolder()
let count = 0
const newRun = (): string =>
  createRecord({
    name: `run-${count++}`,
    kind: 'lab',
    phase: 'starting',
    createdAt: '2026-11-23T00:00:00.000Z',
    undo: [],
    ending: { killedFirst: [], endedLast: ['last'] },
    processes: [],
  })

function identified(pid: number): ProcessIdentity {
  const found = identify(pid)
  if (!found) throw new Error(`process ${pid} does not run`)
  return found
}

test('a process is recorded, logged, and ended with its run', async (t) => {
  const dir = newRun()
  const pid = await startProcess(dir, 'talker', 'sh', [
    '-c',
    'echo hello; echo oops >&2; while :; do sleep 1; done',
  ])
  const process = identified(pid)
  t.is(readRecord(dir)?.processes[0]?.process?.pid, pid)
  t.true(runs(dir, 'talker'))
  for (let waited = 0; waited < 3_000 && logTail(dir, 'talker') !== 'hello\noops'; waited++) await sleep(20)
  t.is(logTail(dir, 'talker'), 'hello\noops')
  await endRun(dir)
  t.false(isAlive(process))
  t.false(existsSync(dir))
})

test('an id runs once, and again after it was stopped', async (t) => {
  const dir = newRun()
  await startProcess(dir, 'one', 'sleep', ['60'])
  await t.throwsAsync(startProcess(dir, 'one', 'sleep', ['60']), { message: /one already runs/ })
  await stopProcess(dir, 'one', 'SIGKILL')
  t.false(runs(dir, 'one'))
  await startProcess(dir, 'one', 'sleep', ['60'])
  t.true(runs(dir, 'one'))
  await endRun(dir)
})

test('a wrapper is recorded as what it becomes', async (t) => {
  const dir = newRun()
  await startProcess(dir, 'wrapped', 'sh', ['-c', 'sleep 0.2; exec sleep 60'], { becomes: 'sleep' })
  t.regex(readRecord(dir)?.processes[0]?.process?.executable ?? '', /sleep$/)
  await endRun(dir)
})

test('a process that became another executable after it was recorded is still ended by its name', async (t) => {
  const dir = newRun()
  const pid = await startProcess(dir, 'late', 'sh', [
    '-c',
    'while ! [ -e go ]; do sleep 0.02; done; exec sleep 60',
  ])
  const recorded = readRecord(dir)?.processes[0]?.process?.executable
  writeFileSync(join(dir, 'go'), '')
  while (identified(pid).executable === recorded) await sleep(10)
  t.true(runs(dir, 'late'))
  await stopProcess(dir, 'late')
  t.is(identify(pid), undefined)
  await endRun(dir)
})

test('a child that nobody recorded ends with the run', async (t) => {
  const dir = newRun()
  await startProcess(dir, 'parent', 'sh', ['-c', 'sleep 60 & echo $! > written; mv written child; wait'])
  const file = join(dir, 'child')
  for (let waited = 0; waited < 3_000 && !existsSync(file); waited++) await sleep(20)
  const child = identified(Number(readFileSync(file, 'utf8')))
  await stopProcess(dir, 'parent', 'SIGKILL')
  t.true(isAlive(child))
  await endRun(dir)
  t.false(isAlive(child))
})

test('a process that another one got the pid of is left alone', async (t) => {
  const dir = newRun()
  const foreign = spawn('sleep', ['60'])
  t.teardown(() => void foreign.kill())
  await once(foreign, 'spawn')
  const now = identified(foreign.pid ?? 0)
  const entry = { id: 'gone', command: 'sleep', args: ['60'], log: join(dir, 'gone.log'), guest: false }
  await changeRecord(dir, withProcess({ ...entry, process: { ...now, startTime: '1' } }))
  await endRun(dir)
  t.true(isAlive(now))
  t.false(existsSync(dir))
})

test('a command that does not exist is said by name, and leaves nothing to end', async (t) => {
  const dir = newRun()
  await t.throwsAsync(startProcess(dir, 'none', '/nowhere/none', []), {
    message: /cannot start none \(\/nowhere/,
  })
  t.is(readRecord(dir)?.processes[0]?.process, undefined)
  await endRun(dir)
})

test('nothing of the caller’s environment reaches a process but PATH', async (t) => {
  const dir = newRun()
  process.env.KUBECONFIG = '/somebody/elses'
  await startProcess(dir, 'env', 'sh', ['-c', 'env; echo done'], { env: { OWN: 'yes' } })
  for (let waited = 0; waited < 3_000 && !logTail(dir, 'env').endsWith('done'); waited++) await sleep(20)
  t.regex(logTail(dir, 'env', 50), /^OWN=yes$/m)
  t.notRegex(logTail(dir, 'env', 50), /KUBECONFIG/)
  await endRun(dir)
})
