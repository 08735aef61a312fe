import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { STALL } from '../../../../config/stall.ts'
import type { Pc } from '../../../../lab/gluster/gluster.ts'
import type { VolumeStatus } from '../../../../storage/gluster/agent/status.ts'
import { mountOn, sumsOnMount } from '../../../harness/gluster.ts'
import { type GlusterRoom, glusterRoom } from '../../../harness/gluster-room.ts'
import { allHere, differences, holdSame, onDisk, states, write } from '../../../harness/gluster-volume.ts'
import { type OwnLab, ownLab } from '../../../harness/lab.ts'
import { eventually } from '../../../harness/wait.ts'

/**
 * Two copies on real glusterds. Without an arbiter, whichever PC is cut off, no file ever has two contents; with one, any of
 * the three may be away.
 */

let lab: OwnLab
let room: GlusterRoom
let desk: Pc

test.before(async (t) => {
  t.timeout(300_000, 'the first time, a Debian with Gluster is made')
  lab = await ownLab()
  room = await glusterRoom(lab.lab, lab.kubeConfig, 2, { replicas: 2, spares: 0, replaceAfterSeconds: 3_600 })
  await room.becomes('two copies', ({ copies, sets }) => copies === 2 && allHere(sets))
  desk = await room.addDesk('desk')
  await eventually('the desk may mount', () => mountOn(desk, room.server(1)), { seconds: 60, every: 1_000 })
  await eventually('pc-2 may mount', () => mountOn(room.server(2), room.server(2)), {
    seconds: 60,
    every: 1_000,
  })
})
test.after.always(async () => {
  await room?.end()
  await lab?.end()
})

/** Nobody lacks anything, and nobody goes on alone. */
const isOver = ({ sets, memory }: VolumeStatus): boolean => allHere(sets) && memory.alone.length === 0

/** Writes the same file again and again for so many seconds. Resolves with the seconds at which that worked. */
async function writeOver(pc: Pc, text: string, seconds: number): Promise<number[]> {
  const loop = `
    begin=$(date +%s); now=$begin
    while [ $((now - begin)) -lt "$1" ]; do
      if echo "$0 $now" 2>/dev/null | timeout 3 dd of=/mnt/same conv=fsync status=none 2>/dev/null; then
        echo $(($(date +%s) - begin))
      fi
      sleep 0.3; now=$(date +%s)
    done`
  const said = await pc.must(['sh', '-c', loop, text, String(seconds)], { timeout: (seconds + 60) * 1000 })
  return said.split('\n').filter(Boolean).map(Number)
}

test.serial(
  'the PC that is cut off stops, the other one goes on, and both have its files afterwards',
  async (t) => {
    t.timeout(300_000)
    await writeOver(desk, 'before', 2)
    const [ours, theirs] = [writeOver(desk, 'ours', 30), writeOver(room.server(2), 'theirs', 30)]
    await sleep(3_000)
    await room.cutOff(2)
    const [worked, workedThere] = await Promise.all([ours, theirs])
    t.true(Math.max(...worked) > 25, 'the side that reaches the API server goes on')
    const last = Math.max(...workedThere)
    t.log(`the PC that was cut off wrote for ${last - 3} s more`)
    t.true(last <= 13, 'the other one stops within ten seconds')
    t.deepEqual((await room.volume()).status.memory.alone, ['pc-1'])

    await room.mend(2)
    await room.becomes('both have everything, and the mark is given back', isOver, { seconds: 200 })
    const { heal } = await room.look()
    t.deepEqual(heal !== 'unread' && heal.map(({ splitBrain }) => splitBrain), [0, 0])
    t.regex(await desk.must(['cat', '/mnt/same']), /^ours /)
    await holdSame(t, room, desk, [1, 2])
  },
)

test.serial(
  'after a power cut of both, the one that went on alone must come back before the other one serves',
  async (t) => {
    t.timeout(300_000)
    await room.off(2)
    await eventually('pc-1 goes on alone', async () =>
      (await room.volume()).status.memory.alone.includes('pc-1'),
    )
    t.true((await writeOver(desk, 'alone', 15)).length > 0)
    await room.off(1)
    await room.on(2)
    await sleep(20_000)
    const { code } = await desk.exec(['sh', '-c', 'timeout 5 cat /mnt/same'], { timeout: 15_000 })
    t.not(code, 0, 'what pc-2 has is old: nobody is shown it')
    await room.on(1)
    await room.becomes('both have everything', isOver, { seconds: 200 })
    t.regex(await desk.must(['cat', '/mnt/same']), /^alone /)
    await holdSame(t, room, desk, [1, 2])
  },
)

/** SHA-256 of nothing: an arbiter has each name, and no contents. */
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** Both copies are alike, and the arbiter has their names alone. */
async function holdSameBesideArbiter(t: ExecutionContext): Promise<void> {
  await holdSame(t, room, desk, [1, 2])
  const names = [...(await onDisk(room, 3))]
  t.deepEqual(names.map(([path]) => path).sort(), [...(await sumsOnMount(desk)).keys()].sort())
  t.deepEqual([...new Set(names.map(([, sum]) => sum))], [EMPTY])
}

const isWhole = ({ sets, memory }: VolumeStatus): boolean => allHere(sets) && memory.intent === undefined

test.serial('a third PC becomes the arbiter', async (t) => {
  t.timeout(300_000)
  await room.add()
  const is = (now: VolumeStatus): boolean =>
    isWhole(now) && now.copies === 2 && now.sets[0]?.bricks.length === 3
  const { sets } = await room.becomes('two copies and an arbiter', is, { seconds: 200 })
  t.deepEqual(
    sets[0]?.bricks.map(({ pc, arbiter }) => [pc, arbiter ?? false]),
    [
      ['pc-1', false],
      ['pc-2', false],
      ['pc-3', true],
    ],
  )
  await write(desk, 'arbitrated', 1)
  await holdSameBesideArbiter(t)
})

for (const [number, what] of [
  [2, 'one of the two copies'],
  [3, 'the arbiter'],
] as const)
  test.serial(`${what} is off: it is read and written, and all are whole afterwards`, async (t) => {
    t.timeout(300_000)
    const before = await sumsOnMount(desk)
    const writing = write(desk, `off-${number}`, 12)
    await sleep(2_000)
    await room.off(number)
    const longest = await writing
    t.log(`longest write while pc-${number} lost its power: ${longest} ms`)
    t.true(longest < STALL.longestWrite)
    const now = await sumsOnMount(desk)
    t.deepEqual(
      differences(new Map([...now].filter(([path]) => before.has(path))), before),
      [],
      'what was there before is read',
    )
    await room.becomes('it is missed', ({ sets }) => states(sets).includes(`pc-${number} missing`))
    await room.on(number)
    await room.becomes('all are whole', isWhole, { seconds: 200 })
    // Its agents know that a brick is back; the client looks for it once in a few seconds, and needs two of them.
    await sleep(10_000)
    await holdSameBesideArbiter(t)
  })

test.serial('two copies and an arbiter become three copies', async (t) => {
  t.timeout(300_000)
  await room.want({ replicas: 3 })
  const is = (now: VolumeStatus): boolean => isWhole(now) && now.copies === 3
  await room.becomes('three copies', is, { seconds: 250 })
  await holdSame(t, room, desk, [1, 2, 3])
})
