import test, { type ExecutionContext } from 'ava'
import type { Pc } from '../../../../lab/gluster/gluster.ts'
import { act } from '../../../../storage/gluster/glusterd/act.ts'
import {
  birth,
  brickOf,
  mountOn,
  type OwnGluster,
  ownGluster,
  sumsOnMount,
  VOLUME,
} from '../../../harness/gluster.ts'
import { differences, write } from '../../../harness/gluster-volume.ts'
import { eventually } from '../../../harness/wait.ts'

/** A volume on real glusterds, from its birth to a PC that is replaced. Data are compared on the disks, past Gluster. */

let room: OwnGluster
let desk: Pc
test.before(async (t) => {
  t.timeout(240_000, 'the first time, a Debian with Gluster is made')
  room = await ownGluster(5)
})
test.after.always(() => room?.lab.down())

/** That each of these PCs has every file of the mount on its disk, with the same bytes, and no other. */
async function holdSame(t: ExecutionContext, numbers: readonly number[]): Promise<void> {
  const seen = await sumsOnMount(desk)
  t.true(seen.size > 0)
  for (const number of numbers) {
    const onDisk = await room.server(number).sumsOnDisk(VOLUME)
    t.deepEqual(differences(onDisk, seen), [], `the disk of pc-${number}`)
  }
}

test.serial('three PCs become a pool and a volume of three copies', async (t) => {
  for (const pc of ['pc-2', 'pc-3']) await room.change({ change: 'probe', pc })
  const bricks = [1, 2, 3].map((number) => brickOf(room.server(number)))
  const options = birth(['pc-1', 'pc-2', 'pc-3', 'desk'])
  await room.change({ change: 'create', width: 3, arbiters: 0, bricks, options })
  await room.change({ change: 'start', force: false })
  desk = await room.lab.addClient('desk', { of: 'room', name: 'desk' })
  t.true(await mountOn(desk, room.server(1)))
  await write(desk, 'three', 2)
  const told = await room.look()
  t.like(told.volume, { status: 'started', width: 3, arbiters: 0, bricks, options })
  t.is(told.rebalance, 'none')
  t.deepEqual(told.tasks, [])
  t.deepEqual(
    told.running !== 'unread' && told.running.map(({ pc, online }) => ({ pc, online })),
    bricks.map(({ pc }) => ({ pc, online: true })),
  )
  await holdSame(t, [1, 2, 3])
})

test.serial('it grows to five copies while it is in use', async (t) => {
  for (const pc of ['pc-4', 'pc-5']) await room.change({ change: 'probe', pc })
  const allowed = 'pc-1,pc-2,pc-3,pc-4,pc-5,desk'
  await room.change({ change: 'options', options: { 'auth.ssl-allow': allowed } })
  const writing = write(desk, 'grow', 6)
  const bricks = [4, 5].map((number) => brickOf(room.server(number)))
  await room.change({ change: 'raise', width: 5, arbiters: 0, bricks })
  t.log(`longest write while it grew: ${await writing} ms`)
  await room.change({ change: 'heal' })
  await room.healed()
  await holdSame(t, [1, 2, 3, 4, 5])
})

test.serial(
  'a PC that loses its power during writes loses nothing, and is healed when it is back',
  async (t) => {
    t.timeout(240_000)
    const writing = write(desk, 'off', 20)
    await new Promise((done) => setTimeout(done, 3_000))
    await room.server(2).powerOff()
    t.log(`longest write while pc-2 lost its power: ${await writing} ms`)
    await holdSame(t, [1, 3, 4, 5])
    await eventually('glusterd misses pc-2', async () => {
      const { peers } = await room.look(['peers'])
      return peers !== 'unread' && peers.some(({ name, connected }) => name === 'pc-2' && !connected)
    })
    const { running } = await room.look(['running'])
    t.deepEqual(
      running !== 'unread' &&
        running
          .filter(({ online }) => online)
          .map(({ pc }) => pc)
          .sort(),
      [...['pc-1', 'pc-3', 'pc-4', 'pc-5']],
    )
    await room.server(2).powerOn()
    await eventually('the brick of pc-2 runs', async () => {
      const { running } = await room.look(['running'])
      return running !== 'unread' && running.some(({ pc, online }) => pc === 'pc-2' && online)
    })
    await act({ change: 'heal' }, room.hands())
    await room.healed()
    await holdSame(t, [1, 2, 3, 4, 5])
  },
)

test.serial('a spare takes the place of a dead PC', async (t) => {
  t.timeout(240_000)
  await room.server(5).powerOff()
  const spare = await room.lab.addServer()
  await eventually(
    'glusterd misses pc-5',
    async () => {
      const { peers } = await room.look(['peers'])
      return peers !== 'unread' && peers.some(({ name, connected }) => name === 'pc-5' && !connected)
    },
    { seconds: 100, every: 1_000 },
  )
  await room.change({ change: 'probe', pc: spare.name })
  await room.change({ change: 'fence', pc: 'pc-5', allowed: 'pc-1,pc-2,pc-3,pc-4,pc-6,desk' })
  await room.change({ change: 'replace', from: brickOf(room.server(5)), to: brickOf(spare) })
  await room.healed()
  await holdSame(t, [1, 2, 3, 4, 6])
})

test.serial('a PC with another address is found again by its name', async (t) => {
  const before = room.server(3).address()
  t.not(await room.server(3).move(), before)
  await eventually('pc-3 is connected, and its brick answers', async () => {
    const { peers, heal } = await room.look(['peers', 'heal'])
    if (peers === 'unread' || heal === 'unread') return false
    return (
      peers.some(({ name, connected }) => name === 'pc-3' && connected) &&
      heal.some(({ pc, answered }) => pc === 'pc-3' && answered)
    )
  })
  await write(desk, 'moved', 1)
  await room.healed()
  await holdSame(t, [1, 2, 3, 4, 6])
})

test.serial('a disk that died is seen, and an empty one in its place is filled', async (t) => {
  t.timeout(240_000)
  const pc = room.server(4)
  await pc.loseDisk()
  // It notices within the interval of its health check, and ends half a minute later, or a whole one.
  await eventually(
    'the brick of pc-4 does not run',
    async () => {
      const { running } = await room.look(['running'])
      return running !== 'unread' && running.some(({ pc, online }) => pc === 'pc-4' && !online)
    },
    { seconds: 120, every: 1_000 },
  )
  await write(desk, 'lost', 1)
  await pc.powerOff()
  await pc.giveDisk()
  await pc.powerOn()
  // The other PCs take it for connected for a while after its power was cut, and then for gone until they look again.
  const reset = async () => act({ change: 'reset', brick: brickOf(pc), id: 'another' }, room.hands())
  await eventually('its brick is begun anew', async () => (await reset()) === 'accepted', {
    seconds: 100,
    every: 1_000,
  })
  await room.healed()
  await holdSame(t, [1, 2, 3, 4, 6])
})
