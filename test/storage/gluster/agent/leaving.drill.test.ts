import test from 'ava'
import type { Pc } from '../../../../lab/gluster/gluster.ts'
import type { VolumeStatus } from '../../../../storage/gluster/agent/status.ts'
import { mountOn } from '../../../harness/gluster.ts'
import { type GlusterRoom, glusterRoom } from '../../../harness/gluster-room.ts'
import { allHere, holdSame, members, write } from '../../../harness/gluster-volume.ts'
import { type OwnLab, ownLab } from '../../../harness/lab.ts'
import { eventually } from '../../../harness/wait.ts'

/** A PC that leaves a volume of five copies, and an agent that dies meanwhile; on real glusterds. */

let lab: OwnLab
let room: GlusterRoom
let desk: Pc

test.before(async (t) => {
  t.timeout(400_000, 'the first time, a Debian with Gluster is made')
  lab = await ownLab()
  room = await glusterRoom(lab.lab, lab.kubeConfig, 6, { replicas: 5, spares: 1, replaceAfterSeconds: 30 })
  const whole = ({ copies, sets, spares }: VolumeStatus) =>
    copies === 5 && allHere(sets) && spares.length === 1
  await room.becomes('five copies and a spare', whole, { seconds: 300 })
  desk = await room.addDesk('desk')
  await eventually('the desk may mount', () => mountOn(desk, room.server(1)), { seconds: 60, every: 1_000 })
  await write(desk, 'first', 2)
})
test.after.always(async () => {
  await room?.end()
  await lab?.end()
})

test.serial('a PC that is asked to leave says when its plug may be pulled', async (t) => {
  t.timeout(300_000)
  const leaving = members((await room.volume()).status).find((number) => number !== 1) ?? 0
  await room.retire(leaving)
  const may = ({ safeToPull }: VolumeStatus): boolean => safeToPull.includes(`pc-${leaving}`)
  const after = await room.becomes('the plug may be pulled', may, { seconds: 250 })
  t.false(members(after).includes(leaving))
  await holdSame(t, room, desk, members(after))
  await room.retire(leaving, false)
  await room.becomes('it is a spare', ({ spares }) => spares.includes(`pc-${leaving}`), { seconds: 200 })
})

test.serial(
  'the agent that keeps the volume is killed in the middle of a replacement: another one goes on',
  async (t) => {
    t.timeout(400_000)
    const leader = await room.leader()
    const leaving = members((await room.volume()).status).find((number) => number !== leader) ?? 0
    await room.retire(leaving)
    const begun = ({ memory }: VolumeStatus): boolean => memory.intent?.change.change === 'replace'
    await room.becomes('a replacement is written down', begun, { seconds: 120 })
    await room.killAgent(leader)
    const { intent } = (await room.volume()).status.memory
    t.log(
      `when it was killed: ${intent?.change.change ?? 'nothing'}, answer ${JSON.stringify(intent?.answer)}`,
    )
    const is = (now: VolumeStatus): boolean =>
      allHere(now.sets) && now.memory.intent === undefined && !members(now).includes(leaving)
    const after = await room.becomes('the spare has everything', is, { seconds: 300 })
    t.not(await room.leader(), leader)
    await holdSame(t, room, desk, members(after))
    await room.beginAgent(leader)
  },
)
