import test from 'ava'
import { decide, faultIn } from '../../../lab/run/judge.ts'
import type { RunRecord } from '../../../lab/run/record.ts'

const process = { pid: 4711, startTime: '1', boot: 'x', executable: '/bin/x' }
const started = (id: string, guest = false) => ({ id, command: id, args: [], log: '', guest, process })
const record: RunRecord = {
  name: 'one',
  kind: 'room',
  phase: 'ready',
  createdAt: '2026-11-23T00:00:00.000Z',
  undo: [],
  ending: { killedFirst: [], endedLast: [] },
  processes: [started('machine'), started('registry'), started('git-daemon', true)],
}
const yes = (): boolean => true
const no = (): boolean => false

test('where nothing is, one begins; what is well is kept; what is not is cleared away', (t) => {
  t.deepEqual(decide('room', undefined, 'it does not exist', false), { do: 'begin' })
  t.deepEqual(decide('room', 'room', undefined, true), { do: 'keep' })
  t.deepEqual(decide('room', 'room', 'machine ended', true), { do: 'clear', because: 'machine ended' })
  t.deepEqual(decide('room', undefined, 'its record is missing or damaged', true), {
    do: 'clear',
    because: 'its record is missing or damaged',
  })
})

test('a run of another kind under that name is never cleared away', (t) => {
  t.deepEqual(decide('lab', 'room', 'it is a room', true), { do: 'refuse', because: 'room' })
})

test('a run is well when it was finished and all of its own processes live', (t) => {
  t.is(faultIn(record, 'room', yes, yes), undefined)
  t.is(
    faultIn(record, 'room', yes, ({ id }) => id !== 'git-daemon'),
    undefined,
    'a guest may go',
  )
  t.is(
    faultIn(record, 'room', yes, ({ guest }) => guest),
    'machine, registry ended',
  )
  t.is(faultIn(record, 'lab', yes, yes), 'it is a room')
  t.is(faultIn({ ...record, phase: 'starting' }, 'room', yes, yes), 'it was never finished')
})

test('a run ends with its owner', (t) => {
  const owned = { ...record, owner: process }
  t.is(faultIn(owned, 'room', yes, yes), undefined)
  t.is(faultIn(owned, 'room', no, yes), 'its owner, process 4711, is gone')
})
