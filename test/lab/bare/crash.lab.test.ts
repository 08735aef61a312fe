import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { down, open, up } from '../../../lab/bare/bare.ts'
import { runFolder } from '../../../lab/run/places.ts'
import { identify, isAlive, type ProcessIdentity } from '../../../lab/run/processes.ts'
import { createRecord, readRecord } from '../../../lab/run/record.ts'
import { startProcess } from '../../../lab/run/run.ts'

const name = `t-crash-${process.pid}`
const orphan = `t-orphan-${process.pid}`
const dir = runFolder(name)

test.after.always(async () => {
  for (const one of [name, orphan]) await down(one)
})

const known = (): ProcessIdentity[] => readRecord(dir)?.processes.flatMap((one) => one.process ?? []) ?? []

test.serial('an `up` that is killed half-way is cleared away by the next', async (t) => {
  t.timeout(1_800_000, 'the first time, binaries are built')
  const first = spawn(process.execPath, ['lab/command.ts', 'up', '--name', name], { stdio: 'ignore' })
  while (known().length === 0 && first.exitCode === null) await sleep(20)
  first.kill('SIGKILL')
  await once(first, 'exit')
  const left = known()
  t.true(left.some(isAlive), 'etcd outlives the command that started it')
  t.is(await open(name), undefined)

  const lines: string[] = []
  const lab = await up({ name, ownerPid: process.pid, progress: (line) => lines.push(line) })
  t.deepEqual(left.filter(isAlive), [])
  t.true(lines.includes(`clearing away the lab "${name}": it was never finished`))
  t.is((await lab.run(['get', '--raw', '/readyz'])).stdout, 'ok')
})

test.serial('a lab whose API server was killed is no lab, and is made anew', async (t) => {
  const before = readRecord(dir)?.processes ?? []
  const apiServer = before.find((one) => one.id === 'kube-apiserver')?.process
  if (!apiServer) return t.fail('no API server is recorded')
  process.kill(apiServer.pid, 'SIGKILL')
  while (isAlive(apiServer)) await sleep(10)
  t.is(await open(name), undefined)

  const lines: string[] = []
  const lab = await up({ name, ownerPid: process.pid, progress: (line) => lines.push(line) })
  t.true(lines.includes(`clearing away the lab "${name}": kube-apiserver ended`))
  t.deepEqual(before.flatMap((one) => one.process ?? []).filter(isAlive), [])
  t.is((await lab.run(['get', '--raw', '/readyz'])).stdout, 'ok')
})

test.serial('a run whose owner died is cleared away by the next `up` of another name', async (t) => {
  const owner = spawn('sleep', ['600'])
  await once(owner, 'spawn')
  const identity = identify(owner.pid ?? 0)
  if (!identity) return t.fail('sleep did not start')
  const record = {
    name: orphan,
    kind: 'lab',
    phase: 'ready',
    createdAt: new Date().toISOString(),
    undo: [],
    ending: { killedFirst: [], endedLast: [] },
  } as const
  const folder = createRecord({ ...record, owner: identity, processes: [] })
  const pid = await startProcess(folder, 'left', 'sleep', ['600'])
  const left = identify(pid)
  await up({ name, ownerPid: process.pid })
  t.true(left && isAlive(left), 'while its owner lives it is left alone')

  owner.kill('SIGKILL')
  await once(owner, 'exit')
  await up({ name, ownerPid: process.pid })
  t.false(left && isAlive(left))
  t.false(existsSync(folder))
})

test.serial('an interrupted `up` ends what it started', async (t) => {
  await down(name)
  const interrupted = spawn(process.execPath, ['lab/command.ts', 'up', '--name', name], { stdio: 'ignore' })
  while (known().length === 0 && interrupted.exitCode === null) await sleep(20)
  const started = known()
  interrupted.kill('SIGINT')
  const [code] = await once(interrupted, 'exit')
  t.is(code, 130)
  t.deepEqual(started.filter(isAlive), [])
  t.false(existsSync(dir))
})
