import test from 'ava'
import { failure, type PartResult, summary } from './summary.ts'

const part = (tests: PartResult['tests']): PartResult => ({
  passed: tests.length,
  failed: 0,
  tests,
  failures: [],
  unsteady: [],
})
const took = (title: string, seconds: number) => ({ title, passed: true, took: seconds })

test('the files that took longest are told first, the longest at the top, and short ones not at all', (t) => {
  const parts = [
    part([took('door › desktop.room › one', 40.4), took('door › desktop.room › two', 50)]),
    part([took('gateway › login.lab › one', 3), took('storage › disks.room › one', 200)]),
  ]
  t.deepEqual(summary(parts).split('\n'), [
    'took longest:',
    '   200 s  storage › disks.room',
    '    90 s  door › desktop.room',
    '4 passed, 0 failed',
  ])
})

test('the last line counts, and what failed stands whole above it', (t) => {
  t.is(summary([part([]), failure('it broke', 'here')]), 'failed:\nit broke\nhere\n0 passed, 1 failed')
})
