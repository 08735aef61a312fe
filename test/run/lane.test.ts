import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { identify } from '../../lab/run/processes.ts'
import { eventually } from '../harness/wait.ts'
import { runLane } from './lane.ts'
import { throwAwayLane } from './throw-away.ts'

// These start ava itself, with test files that are broken on purpose; on a busy machine each takes seconds to begin.
const PATIENCE = 8_000
const abandoned = new AbortController()
const quiet = { say: () => {}, print: () => {}, signal: abandoned.signal }
test.after.always(() => abandoned.abort())

test('a failed test is counted and told whole', async (t) => {
  const { passed, failed, failures } = await runLane(
    throwAwayLane(['fails.test.js', 'passes.test.js'], 60_000),
    quiet,
  )
  t.deepEqual([passed, failed], [1, 1])
  t.is(failures[0], 'fails › fails')
  t.true(failures.some((line) => line.includes('said by the test')))
})

test('a file that leaves something open is ended and named, and the next one runs', async (t) => {
  const { passed, failed, failures } = await runLane(
    throwAwayLane(['open.test.js', 'passes.test.js'], 60_000),
    quiet,
  )
  t.deepEqual([passed, failed], [2, 1])
  t.regex(failures.join('\n'), /test\/open\.test\.js exited with a non-zero exit code: 1/)
  t.regex(failures.join('\n'), /test\/open\.test\.js: its tests are over, .* open are TCPServerWrap/)
})

for (const [file, how] of [
  ['stands.test.js', 'waits for ever and does not heed SIGTERM'],
  ['loops.test.js', 'computes for ever'],
] as const) {
  test(`a file that ${how} is ended and named, and the next one runs`, async (t) => {
    t.timeout(120_000)
    const since = performance.now()
    // ava orders files by name: what passes comes after what loops, and before what stands.
    const { passed, failed, failures } = await runLane(
      throwAwayLane([file, 'passes.test.js'], PATIENCE),
      quiet,
    )
    t.deepEqual([passed, failed], [1, 1])
    t.true(failures.some((line) => line.includes('no test ended for 8 s') && line.includes(`test/${file}`)))
    t.true(performance.now() - since < 60_000)
  })
}

for (const [file, why] of [
  ['crashes.test.js', 'its process did not end well'],
  ['throws.test.js', 'thrown outside of any test: Error: from a timer'],
] as const) {
  test(`a file whose process dies is named, and the next one runs: ${file}`, async (t) => {
    const { passed, failed, failures } = await runLane(throwAwayLane([file, 'passes.test.js'], 60_000), quiet)
    t.is(passed, 1)
    t.true(failed >= 1)
    t.true(failures.includes(`test/${file}: ${why}`), failures.join('\n'))
  })
}

test('a child that a test left, and that ava waits for, is named and ended', async (t) => {
  const lane = throwAwayLane(['child.test.js'], 60_000)
  const { passed, failed, failures } = await runLane(lane, quiet)
  t.deepEqual([passed, failed], [1, 1])
  t.regex(failures.join('\n'), /left by them: sleep 600/)
  const pid = Number(readFileSync(join(lane.folder, 'child.pid'), 'utf8'))
  t.true(await eventually('the child is gone', () => identify(pid) === undefined))
})

test('a lane without any test has failed', async (t) => {
  const { passed, failed, failures } = await runLane(throwAwayLane([], 60_000), quiet)
  t.deepEqual([passed, failed], [0, 1])
  t.regex(failures.join('\n'), /ended with code 1 after 0 tests/)
})

test('a lane that is ended early ends at once, and keeps what it counted', async (t) => {
  const ending = new AbortController()
  const say = (line: string): void => {
    if (line.includes('passes')) ending.abort()
  }
  const { passed, failed, failures } = await runLane(
    throwAwayLane(['passes.test.js', 'stands.test.js'], 60_000),
    { ...quiet, say, signal: ending.signal },
  )
  t.deepEqual([passed, failed], [1, 1])
  t.true(failures.includes('thrown away: ended early'))
})
