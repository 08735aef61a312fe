import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { STALL } from '../../../../config/stall.ts'
import type { Pc } from '../../../../lab/gluster/gluster.ts'
import type { VolumeStatus } from '../../../../storage/gluster/agent/status.ts'
import { mountOn } from '../../../harness/gluster.ts'
import { type GlusterRoom, glusterRoom } from '../../../harness/gluster-room.ts'
import { allHere, holdSame, holdsAll, members, numberOf, write } from '../../../harness/gluster-volume.ts'
import { type OwnLab, ownLab } from '../../../harness/lab.ts'
import { eventually } from '../../../harness/wait.ts'

/**
 * The life of a volume that its agents keep, on real glusterds: it is born, grows, loses PCs and disks and gets them back,
 * and shrinks. After each step, data are compared on the disks, past Gluster.
 */

let lab: OwnLab
let room: GlusterRoom
let desk: Pc

test.before(async (t) => {
  t.timeout(300_000, 'the first time, a Debian with Gluster is made')
  lab = await ownLab()
  const wanted = { replicas: 5, spares: 1, replaceAfterSeconds: 3_600 }
  room = await glusterRoom(lab.lab, lab.kubeConfig, 3, wanted)
})
test.after.always(async () => {
  await room?.end()
  await lab?.end()
})

const settled = ({ sets, memory }: VolumeStatus): boolean => allHere(sets) && memory.intent === undefined
/** A brick that is none of the PC's that the tests ask. */
const oneOf = async (): Promise<number> =>
  members((await room.volume()).status).find((number) => number !== 1) ?? 0

test.serial('with five copies wanted, three PCs become three', async (t) => {
  await room.becomes('three copies', (now) => now.copies === 3 && settled(now))
  desk = await room.addDesk('desk')
  await eventually('the desk may mount', () => mountOn(desk, room.server(1)), { every: 1_000 })
  await write(desk, 'three', 2)
  await holdSame(t, room, desk, [1, 2, 3])
})

test.serial('three more make five and a spare, while it is written to', async (t) => {
  t.timeout(300_000)
  const writing = write(desk, 'grow', 10)
  for (let more = 0; more < 3; more++) await room.add()
  t.log(`longest write: ${await writing} ms`)
  const is = (now: VolumeStatus): boolean => now.copies === 5 && settled(now) && now.spares.length === 1
  await room.becomes('five copies and a spare', is, { seconds: 240 })
  await holdSame(t, room, desk, members((await room.volume()).status))
})

test.serial('a disk that was lost: an empty one in its place is filled', async (t) => {
  t.timeout(300_000)
  const number = await oneOf()
  const before = (await room.volume()).status.memory.members[`pc-${number}`]
  await room.off(number)
  await room.server(number).giveDisk()
  await write(desk, 'lost', 1)
  await room.on(number)
  const is = (now: VolumeStatus): boolean =>
    settled(now) && now.memory.members[`pc-${number}`] !== before && members(now).includes(number)
  const after = await room.becomes('the new disk has everything', is, { seconds: 200 })
  await holdSame(t, room, desk, members(after))
})

test.serial(
  'a majority that is away at once is taken for the network, and nothing is replaced',
  async (t) => {
    t.timeout(300_000)
    await room.want({ replaceAfterSeconds: 15 })
    const before = members((await room.volume()).status)
    const away = before.filter((number) => number !== 1).slice(0, 4)
    await Promise.all(away.map((number) => room.off(number)))
    const says = ({ findings }: VolumeStatus): boolean =>
      ['Network', 'NoQuorum'].every((one) => findings.some(({ reason }) => reason === one))
    await room.becomes('it says that it holds, and that homes stand still', says, { seconds: 200 })
    // Longer than a single PC is waited for.
    await sleep(25_000)
    const { status } = await room.volume()
    t.deepEqual(members(status), before)
    t.deepEqual(status.memory.fenced, [])
    await Promise.all(away.map((number) => room.on(number)))
    await room.becomes('all have everything', settled, { seconds: 250 })
    await eventually('it can be written to again', () => write(desk, 'again', 1).then(() => true), {
      seconds: 100,
    })
    await room.becomes('all have everything', settled, { seconds: 100 })
    await holdSame(t, room, desk, before)
  },
)

let dead = 0
test.serial('a PC that does not come back is replaced by the spare, and nothing is lost', async (t) => {
  t.timeout(400_000)
  const before = (await room.volume()).status
  dead = await oneOf()
  const spare = numberOf(before.spares[0] ?? '')
  const writing = write(desk, 'dead', 15)
  await sleep(2_000)
  await room.off(dead)
  const longest = await writing
  t.log(`longest write while pc-${dead} lost its power: ${longest} ms`)
  t.true(longest < STALL.longestWrite)
  const is = (now: VolumeStatus): boolean =>
    settled(now) && members(now).includes(spare) && !members(now).includes(dead)
  const after = await room.becomes('the spare has everything', is, { seconds: 300 })
  t.deepEqual(
    after.memory.fenced.map(({ pc }) => pc),
    [`pc-${dead}`],
  )
  await holdSame(t, room, desk, members(after))
})

test.serial(
  'it comes back with what it knew: it serves nothing of it, is wiped, and becomes a spare',
  async (t) => {
    t.timeout(300_000)
    const pc = room.server(dead)
    await pc.powerOn()
    const look = 'until [ -e /run/over ] || pgrep -x glusterfsd; do sleep 0.1; done'
    const served = pc.exec(['sh', '-c', look], { timeout: 250_000 })
    await room.beginAgent(dead)
    const isSpare = ({ spares, memory }: VolumeStatus): boolean =>
      spares.includes(`pc-${dead}`) && memory.fenced.length === 0
    await room.becomes(`pc-${dead} is a spare`, isSpare, { seconds: 200 })
    await pc.must(['touch', '/run/over'])
    t.is((await served).stdout, '', 'no process served its old brick')
    t.deepEqual(await pc.sumsOnDisk('data'), new Map())
  },
)

test.serial('a PC with another address is found again by its name', async (t) => {
  t.timeout(300_000)
  await room.want({ replaceAfterSeconds: 3_600 })
  const number = await oneOf()
  const before = room.server(number).address()
  t.not(await room.server(number).move(), before)
  await write(desk, 'moved', 8)
  const after = await room.becomes('all have everything', settled, { seconds: 200 })
  await eventually('its disk has what it missed', () => holdsAll(room, desk, number), {
    seconds: 150,
    every: 2_000,
  })
  await holdSame(t, room, desk, members(after))
})

test.serial('five copies become three', async (t) => {
  t.timeout(300_000)
  await room.want({ replicas: 3 })
  const after = await room.becomes('three copies', (now) => now.copies === 3 && settled(now), {
    seconds: 250,
  })
  t.is(members(after).length, 3)
  await write(desk, 'lowered', 1)
  await holdSame(t, room, desk, members(after))
})
