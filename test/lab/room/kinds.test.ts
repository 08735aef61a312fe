import test from 'ava'
import { otherRooms, ROOM_KINDS } from '../../../lab/room/kinds.ts'
import { createRecord } from '../../../lab/run/record.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

test('a room of either kind keeps the images of all rooms; what is no room does not', (t) => {
  process.env.XDG_STATE_HOME = temporaryFolder()
  const record = (name: string, kind: string): string =>
    createRecord({
      name,
      kind,
      phase: 'starting',
      createdAt: new Date().toISOString(),
      undo: [],
      ending: { killedFirst: [], endedLast: [] },
      processes: [],
    })
  record('one', ROOM_KINDS.cluster)
  record('two', ROOM_KINDS.blank)
  record('three', 'lab')
  t.deepEqual(otherRooms('one'), ['two'])
  t.deepEqual(otherRooms('another'), ['one', 'two'])
})
