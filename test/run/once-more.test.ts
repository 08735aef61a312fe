import test from 'ava'
import { runWithSecondTry } from './once-more.ts'
import { summary } from './summary.ts'
import { throwAwayLane } from './throw-away.ts'

const PATIENCE = 60_000

/** What a run of these files is asked to say, beside what it came to. */
function listening(signal = new AbortController().signal) {
  const said: string[] = []
  return { said, say: (line: string) => void said.push(line), print: () => {}, signal }
}

test('a file that fails at first and then passes counts as passed, and is told', async (t) => {
  const surroundings = listening()
  const lane = throwAwayLane(['passes.test.js', 'unsteady.test.js'], PATIENCE)
  const result = await runWithSecondTry(lane, surroundings)
  t.deepEqual([result.passed, result.failed], [3, 0])
  t.true(surroundings.said.includes('once more: test/unsteady.test.js'))
  const last = summary([result]).split('\n')
  t.is(last[0], 'passed only when run once more; at first:')
  t.true(last.some((line) => line.includes('said at first')))
  t.is(last.at(-1), '3 passed, 0 failed')
})

test('a file that fails again has failed, and what it told the second time is kept', async (t) => {
  const result = await runWithSecondTry(
    throwAwayLane(['fails.test.js', 'passes.test.js'], PATIENCE),
    listening(),
  )
  t.deepEqual([result.passed, result.failed, result.unsteady], [1, 1, []])
  t.true(result.failures.some((line) => line.includes('said by the test')))
})

test('a file whose process dies is not run once more', async (t) => {
  const surroundings = listening()
  const result = await runWithSecondTry(
    throwAwayLane(['crashes.test.js', 'passes.test.js'], PATIENCE),
    surroundings,
  )
  t.is(result.passed, 1)
  t.true(result.failed >= 1)
  t.false(surroundings.said.some((line) => line.startsWith('once more')))
})

test('what all passes is run once', async (t) => {
  const surroundings = listening()
  const result = await runWithSecondTry(throwAwayLane(['passes.test.js'], PATIENCE), surroundings)
  t.deepEqual([result.passed, result.failed, result.unsteady], [1, 0, []])
  t.false(surroundings.said.some((line) => line.startsWith('once more')))
})
