import test from 'ava'
import { NOTHING_READ, readTap, type Shown, type TapReading } from './tap.ts'

/** As ava 7 writes it. */
const LINES = `TAP version 13
ok 1 - charts › plan › nothing changes
#   4 ms
not ok 2 - gateway › web › the page is shown
  ---
    name: AssertionError
    message: no page
  ...
# a hook
#   told by the hook
not ok 3
ok 4 - charts › plan › after a failure
a line of the test's own

1..4
# tests 4
# pass 2
# fail 2
left by a program`.split('\n')

function readAll(lines: readonly string[]): { reading: TapReading; shown: Shown[] } {
  const shown: Shown[] = []
  let reading = NOTHING_READ
  for (const line of lines) {
    const next = readTap(reading, line)
    reading = next.reading
    shown.push(next.shown)
  }
  return { reading, shown }
}

test('verdicts are counted, one without a title too', (t) => {
  const { reading } = readAll(LINES)
  t.deepEqual([reading.passed, reading.failed], [2, 2])
})

test('a failure is kept with all that follows it, up to the next verdict or hook', (t) => {
  t.deepEqual(readAll(LINES).reading.failures, [
    'gateway › web › the page is shown',
    '  ---',
    '    name: AssertionError',
    '    message: no page',
    '  ...',
    '',
  ])
})

test('what comes after the plan belongs to no test', (t) => {
  const { reading } = readAll(['not ok 1 - last', '1..1', 'left by a program'])
  t.deepEqual(reading.failures, ['last'])
})

test('the plan tells that all files have ended', (t) => {
  t.false(readAll(LINES.slice(0, 13)).reading.over)
  t.true(readAll(LINES).reading.over)
})

test('verdicts and measured figures are shown with the time, the rest as it is, the frame not at all', (t) => {
  const { shown } = readAll(LINES)
  t.deepEqual(
    shown.filter((one) => one?.how === 'timed').map((one) => one?.text),
    [
      'ok  charts › plan › nothing changes',
      '      4 ms',
      'not ok  gateway › web › the page is shown',
      '      told by the hook',
      'not ok  ',
      'ok  charts › plan › after a failure',
    ],
  )
  t.deepEqual(
    shown.filter((one) => one?.how === 'plain').map((one) => one?.text),
    [
      '  ---',
      '    name: AssertionError',
      '    message: no page',
      '  ...',
      "a line of the test's own",
      'left by a program',
    ],
  )
})
