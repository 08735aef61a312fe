import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { STALL } from '../../../../config/stall.ts'
import type { Pc } from '../../../../lab/gluster/gluster.ts'
import type { VolumeStatus } from '../../../../storage/gluster/agent/status.ts'
import { mountOn } from '../../../harness/gluster.ts'
import { type GlusterRoom, glusterRoom } from '../../../harness/gluster-room.ts'
import { allHere, holdSame, numberOf, write } from '../../../harness/gluster-volume.ts'
import { type OwnLab, ownLab } from '../../../harness/lab.ts'
import { eventually } from '../../../harness/wait.ts'

/** What its agents do for a volume of five copies and a spare when PCs die, come back, move and leave; on real glusterds. */

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

const members = ({ sets }: VolumeStatus): number[] =>
  sets.flatMap(({ bricks }) => bricks.map(({ pc }) => numberOf(pc)))

test.serial('a PC that does not come back is replaced by the spare, and nothing is lost', async (t) => {
  t.timeout(400_000)
  const before = (await room.volume()).status
  const victim = members(before).find((number) => number !== 1) ?? 0
  const spare = before.spares[0] ?? ''
  const writing = write(desk, 'dead', 15)
  await sleep(2_000)
  await room.off(victim)
  const longest = await writing
  t.log(`longest write while pc-${victim} lost its power: ${longest} ms`)
  t.true(longest < STALL.longestWrite)
  const is = (now: VolumeStatus): boolean =>
    allHere(now.sets) && members(now).includes(numberOf(spare)) && !members(now).includes(victim)
  const after = await room.becomes('the spare has everything', is, { seconds: 300 })
  t.true(after.memory.fenced.some(({ pc }) => pc === `pc-${victim}`))
  await holdSame(t, room, desk, members(after))

  // It comes back with what it knew: it is shut out, wiped, and becomes a spare.
  await room.on(victim)
  const isSpare = ({ spares }: VolumeStatus): boolean => spares.includes(`pc-${victim}`)
  const back = await room.becomes(`pc-${victim} is a spare`, isSpare, { seconds: 200 })
  t.deepEqual(back.memory.fenced, [])
})

test.serial('a PC with another address is found again by its name', async (t) => {
  const [first = 0] = members((await room.volume()).status).filter((number) => number !== 1)
  const before = room.server(first).address()
  t.not(await room.server(first).move(), before)
  await write(desk, 'moved', 8)
  // What it missed until it was found again is counted at the next look.
  await sleep(20_000)
  const after = await room.becomes('all have everything', ({ sets }) => allHere(sets), { seconds: 200 })
  await holdSame(t, room, desk, members(after))
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
  'a majority that is away at once is taken for the network, and nothing is replaced',
  async (t) => {
    t.timeout(300_000)
    const before = members((await room.volume()).status)
    const away = before.filter((number) => number !== 1).slice(0, 4)
    await Promise.all(away.map((number) => room.off(number)))
    const says = ({ findings }: VolumeStatus): boolean => findings.some(({ reason }) => reason === 'Network')
    const status = await room.becomes('it says that it holds', says, { seconds: 200 })
    t.true(status.findings.some(({ reason }) => reason === 'NoQuorum'))
    // Longer than a single PC would be waited for.
    await sleep(45_000)
    t.deepEqual(members((await room.volume()).status), before)
    await Promise.all(away.map((number) => room.on(number)))
    await room.becomes('all have everything', ({ sets }) => allHere(sets), { seconds: 250 })
    await eventually('it can be written to again', () =>
      write(desk, 'again', 1).then(
        () => true,
        () => false,
      ),
    )
    await room.becomes('all have everything', ({ sets }) => allHere(sets), { seconds: 100 })
    await holdSame(t, room, desk, before)
  },
)

test.serial('five copies become three', async (t) => {
  t.timeout(300_000)
  await room.want({ replicas: 3 })
  const is = (now: VolumeStatus): boolean =>
    now.copies === 3 && allHere(now.sets) && now.memory.intent === undefined
  const after = await room.becomes('three copies', is, { seconds: 250 })
  await holdSame(t, room, desk, members(after))
})
