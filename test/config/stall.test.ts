import test from 'ava'
import { STALL } from '../../config/stall.ts'

test('whoever waits for storage waits longer than storage stands still', (t) => {
  const times = [STALL.pingTimeout, STALL.longestWrite, STALL.lockGivenUp, STALL.lockTaken]
  t.deepEqual(
    times,
    [...new Set(times)].sort((a, b) => a - b),
  )
})
