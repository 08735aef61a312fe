import test from 'ava'
import type { Pc } from '../../../../lab/gluster/gluster.ts'
import type { VolumeStatus } from '../../../../storage/gluster/agent/status.ts'
import { mountOn, sumsOnMount } from '../../../harness/gluster.ts'
import { type GlusterRoom, glusterRoom } from '../../../harness/gluster-room.ts'
import { allHere, differences, holdSame, numberOf, onDisk, write } from '../../../harness/gluster-volume.ts'
import { type OwnLab, ownLab } from '../../../harness/lab.ts'
import { eventually } from '../../../harness/wait.ts'

/** A volume of two sets, on eleven real glusterds. Data are compared on the disks, past Gluster. */

let lab: OwnLab
let room: GlusterRoom
let desk: Pc

test.before(async (t) => {
  t.timeout(300_000, 'the first time, a Debian with Gluster is made')
  lab = await ownLab()
  const wanted = { replicas: 5, spares: 1, replaceAfterSeconds: 3_600 }
  room = await glusterRoom(lab.lab, lab.kubeConfig, 5, wanted)
})
test.after.always(async () => {
  await room?.end()
  await lab?.end()
})

test.serial('five PCs become five copies', async (t) => {
  t.timeout(300_000)
  await room.becomes('five copies', ({ copies, sets }) => copies === 5 && allHere(sets), { seconds: 240 })
  desk = await room.addDesk('desk')
  await eventually('the desk may mount', () => mountOn(desk, room.server(1)), { every: 1_000 })
  await write(desk, 'five', 5)
  await holdSame(t, room, desk, [1, 2, 3, 4, 5])
})

test.serial(
  'of eleven PCs, ten are two sets of five and one is a spare, with the files spread over both',
  async (t) => {
    t.timeout(600_000)
    for (let number = 6; number <= 11; number++) await room.add()
    const is = ({ sets, spares, memory }: VolumeStatus): boolean =>
      sets.length === 2 && allHere(sets) && spares.length === 1 && memory.balanced === 2
    const { sets, spares } = await room.becomes('two sets and a spare', is, { seconds: 500 })
    await write(desk, 'spread', 3)
    const seen = await sumsOnMount(desk)
    const found = new Map<string, string>()
    for (const { bricks } of sets) {
      const disks = await Promise.all(bricks.map(({ pc }) => onDisk(room, numberOf(pc))))
      const [first] = disks
      t.true((first?.size ?? 0) > 0, 'each set has files')
      for (const one of disks) t.deepEqual(differences(one, first ?? new Map()), [])
      for (const [path, sum] of first ?? []) if (!isPointer(path, sum)) found.set(path, sum)
    }
    t.deepEqual(differences(found, seen), [], 'both sets together have every file')
    t.is(spares.length, 1)
  },
)

/** SHA-256 of nothing: a set has an empty file for each that lies on another and bears a name of its own. */
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const isPointer = (_path: string, sum: string): boolean => sum === EMPTY
