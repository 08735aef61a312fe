import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { lock, tryLock, waitForLock } from '../../../lab/run/lock.ts'
import { identify } from '../../../lab/run/processes.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

const fresh = (): string => join(temporaryFolder(), 'x.lock')

test('is held by one, who is named to the other, and free after release', (t) => {
  const path = fresh()
  const first = tryLock(path)
  t.true(first.held)
  t.deepEqual(tryLock(path), { held: false, holder: process.pid })
  if (first.held) first.release()
  t.false(existsSync(path))
  t.true(tryLock(path).held)
})

test('of a dead process is taken over', (t) => {
  const path = fresh()
  // Our own pid, but another process: it began at another time.
  writeFileSync(path, JSON.stringify({ ...identify(process.pid), startTime: '1' }))
  t.true(tryLock(path).held)
})

test('that is damaged is taken over', (t) => {
  const path = fresh()
  writeFileSync(path, '{')
  t.true(tryLock(path).held)
})

test('is waited for, and the wait is bounded', async (t) => {
  const path = fresh()
  const release = await lock(path, 0, 'first')
  await t.throwsAsync(lock(path, 50, 'second'), { message: /second: process \d+ holds/ })
  setTimeout(release, 50)
  await t.notThrowsAsync(lock(path, 60_000, 'third'))
})

test('is waited for as long as it is held, and who holds it is told', async (t) => {
  const path = fresh()
  const lines: string[] = []
  const tell = (line: string) => lines.push(line)
  const release = await waitForLock(path, 'working', tell, 2)
  t.deepEqual(lines, [])
  setTimeout(release, 50)
  const releaseSecond = await waitForLock(path, 'working', tell, 2)
  t.deepEqual(lines, [`process ${process.pid} is working already; waiting for it`])
  releaseSecond()
  t.false(existsSync(path))
})

test('lets only one of many through at a time', async (t) => {
  const path = fresh()
  let inside = 0
  let most = 0
  const one = async (): Promise<void> => {
    const release = await lock(path, 100_000, 'one of many')
    most = Math.max(most, ++inside)
    await new Promise((done) => setTimeout(done, 2))
    inside--
    release()
  }
  await Promise.all(Array.from({ length: 20 }, one))
  t.is(most, 1)
})
