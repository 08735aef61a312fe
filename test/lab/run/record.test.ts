import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import {
  changeRecord,
  createRecord,
  type RunRecord,
  readRecord,
  runNames,
  withoutProcess,
  withProcess,
} from '../../../lab/run/record.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

process.env.XDG_STATE_HOME = temporaryFolder()

const empty = (name: string): RunRecord => ({
  name,
  kind: 'lab',
  phase: 'starting',
  createdAt: '2026-11-23T00:00:00.000Z',
  kubectl: '/bin/kubectl',
  undo: [],
  ending: { killedFirst: [], endedLast: [] },
  processes: [],
})
const one = (id: string) => ({ id, command: 'c', args: [], log: `/${id}.log`, guest: false })

test('is read as it was written, in a folder for its owner alone', (t) => {
  const dir = createRecord(empty('plain'))
  t.deepEqual(readRecord(dir), empty('plain'))
  t.is(statSync(dir).mode & 0o777, 0o700)
  t.is(statSync(join(dir, 'record.json')).mode & 0o777, 0o600)
  t.true(runNames().includes('plain'))
})

test('keeps what many write at once', async (t) => {
  const dir = createRecord(empty('many'))
  const ids = Array.from({ length: 20 }, (_, index) => `p${index}`)
  await Promise.all(ids.map((id) => changeRecord(dir, withProcess(one(id)))))
  t.deepEqual(
    readRecord(dir)
      ?.processes.map((process) => process.id)
      .sort(),
    ids.sort(),
  )
  await Promise.all(ids.map((id) => changeRecord(dir, withoutProcess(id))))
  t.deepEqual(readRecord(dir)?.processes, [])
})

test('holds one entry for an id: the last', async (t) => {
  const dir = createRecord(empty('twice'))
  await changeRecord(dir, withProcess(one('a')))
  await changeRecord(dir, withProcess({ ...one('a'), command: 'd' }))
  t.deepEqual(
    readRecord(dir)?.processes.map((process) => process.command),
    ['d'],
  )
})

test('that is damaged is no record, and is not written over', async (t) => {
  const dir = createRecord(empty('damaged'))
  writeFileSync(join(dir, 'record.json'), '{"name":')
  t.is(readRecord(dir), undefined)
  await t.throwsAsync(changeRecord(dir, withProcess(one('a'))), { message: /gone or damaged: end the lab/ })
  t.is(readFileSync(join(dir, 'record.json'), 'utf8'), '{"name":')
})

test('never names a pid that a signal would send elsewhere', async (t) => {
  const dir = createRecord(empty('init'))
  const process = { pid: 1, startTime: '1', boot: 'x', executable: '/sbin/init' }
  await changeRecord(dir, withProcess({ ...one('a'), process }))
  t.is(readRecord(dir), undefined)
})
