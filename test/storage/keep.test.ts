import test from 'ava'
import { restAfter } from '../../storage/homes/keep.ts'

const rhythm = { soon: 1_000, idle: 5_000 }

test('a short pass is followed in a second while something is unfinished, and in five otherwise', (t) => {
  t.is(restAfter(rhythm, true, 40), 1_000)
  t.is(restAfter(rhythm, false, 40), 5_000)
})

test('a pass over very many homes leaves the machine to others for four times as long', (t) => {
  t.is(restAfter(rhythm, true, 2_000), 8_000)
  t.is(restAfter(rhythm, false, 2_000), 8_000)
})

test('behind a pass that waited for a disk, somebody new waits for seconds and not for minutes', (t) => {
  t.is(restAfter(rhythm, true, 45_000), 15_000)
})
