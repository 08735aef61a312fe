import test from 'ava'
import { LOCK_FOLDER, UNCLAIMED, UNCLAIMED_LOCK, writtenLock } from '../../../config/home-lock.ts'
import type { Pc } from '../../../lab/gluster/gluster.ts'
import { roomFindings } from '../../../storage/gluster/agent/room-findings.ts'
import { OPTIONS } from '../../../storage/gluster/agent/volume-options.ts'
import { birth, brickOf, mountOn, type OwnGluster, ownGluster, VOLUME } from '../../harness/gluster.ts'
import { eventually } from '../../harness/wait.ts'

/** A volume whose disks are full, on real glusterds: what a desktop needs of a home goes on, and nothing new is taken. */

let room: OwnGluster
let desk: Pc
const HOME = '/mnt/homes/one'
const lock = `${HOME}/${LOCK_FOLDER}`

const sh = (script: string, ...args: string[]) =>
  desk.exec(['sh', '-c', script, 'sh', ...args], { timeout: 120_000 })

test.before(async (t) => {
  t.timeout(400_000, 'the first time, a Debian with Gluster is made')
  room = await ownGluster(3)
  for (const pc of ['pc-2', 'pc-3']) await room.change({ change: 'probe', pc })
  const bricks = [1, 2, 3].map((number) => brickOf(room.server(number)))
  const options = { ...OPTIONS, ...birth(['pc-1', 'pc-2', 'pc-3', 'desk']) }
  await room.change({ change: 'create', width: 3, arbiters: 0, bricks, options })
  await room.change({ change: 'start', force: false })
  desk = await room.lab.addClient('desk', { of: 'room', name: 'desk' })
  t.true(await mountOn(desk, room.server(1)))
  const made = `mkdir -p ${lock} && printf %s "$1" >${lock}/${UNCLAIMED} && echo mine >${HOME}/.ICEauthority`
  t.is((await sh(made, writtenLock(UNCLAIMED_LOCK))).code, 0)
})
test.after.always(() => room?.lab.down())

/** As the agents would say it. */
async function said(): Promise<string[]> {
  const { running } = await room.look(['running'])
  if (running === 'unread') throw new Error('the bricks were not told of')
  const least = Math.min(...running.map(({ free }) => free))
  return roomFindings([{ bytes: running[0]?.bytes ?? 0, free: least }], []).map(({ what }) => what)
}

test.serial(
  'from the reserve on nobody writes anything new, and it is said that the disks are full',
  async (t) => {
    t.timeout(240_000)
    t.deepEqual(await said(), [])
    // Gluster looks at its disks each few seconds. On one of this size it would be overrun meanwhile; on a real one the
    // reserve is what a disk takes in minutes.
    const fill = `cd ${HOME}; n=0
      while [ $(df --output=pcent /mnt | tail -1 | tr -dc 0-9) -lt 90 ]; do
        dd if=/dev/urandom of=big-$n bs=1M count=4 conv=fsync status=none || exit 1; n=$((n+1)); done
      while dd if=/dev/urandom of=big-$n bs=1M count=1 conv=fsync status=none 2>/tmp/why; do n=$((n+1)); sleep 0.7; done
      cat /tmp/why; ! echo x >new`
    const { code, stdout, stderr } = await sh(fill)
    t.is(code, 0)
    t.log((await room.server(1).exec(['df', '-k', '/brick'])).stdout)
    t.regex(stdout + stderr, /No space left on device/)
    t.regex((await said())[0] ?? '', /its disks are full|only 0\.0 GB are left/)
  },
)

test.serial(
  'the lock of a home is beaten, taken and given back; folders and names are refused',
  async (t) => {
    const over = (generation: number) =>
      sh(
        `printf %s "$1" | dd of=${lock}/${generation} conv=notrunc,fdatasync status=none`,
        writtenLock({ ...UNCLAIMED_LOCK, generation, heartbeat: 7 }),
      )
    t.is((await over(UNCLAIMED)).code, 0)
    t.is((await sh(`mv -T ${lock}/${UNCLAIMED} ${lock}/2`)).code, 0)
    t.is((await over(2)).code, 0)
    t.regex((await sh(`cat ${lock}/2`)).stdout, /"heartbeat":7/)
    // A lock that were made anew each time would end every desktop here.
    t.not((await sh(`echo x >${lock}/3`)).code, 0)
    t.not((await sh(`mkdir ${HOME}/folder`)).code, 0)
    t.is((await sh(`cat ${HOME}/.ICEauthority`)).stdout, 'mine\n')
  },
)

test.serial('a PC that missed the beats of a lock is brought up to date on full disks', async (t) => {
  t.timeout(240_000)
  await room.server(3).powerOff()
  const beat = `for n in 1 2 3; do printf %s "$1" | dd of=${lock}/2 conv=notrunc,fdatasync status=none || exit 1; sleep 1; done`
  t.is((await sh(beat, writtenLock({ ...UNCLAIMED_LOCK, generation: 2, heartbeat: 99 }))).code, 0)
  await room.server(3).powerOn()
  await room.change({ change: 'start', force: true })
  await room.change({ change: 'heal' })
  await room.healed()
  const on = (number: number) =>
    room.server(number).readOnDisk(`${VOLUME}/homes/one/${LOCK_FOLDER}/2`).then(String)
  t.regex(await on(3), /"heartbeat":99/)
  t.is(await on(3), await on(1))
})

test.serial('deleting makes room, and then everything is taken again', async (t) => {
  t.timeout(120_000)
  t.is((await sh(`rm ${HOME}/big-*`)).code, 0)
  // Each disk is looked at again in its own time.
  const taken = async () => (await sh(`mkdir -p ${HOME}/folder && echo x >${HOME}/new`)).code === 0
  await eventually('everything is taken', taken, { seconds: 60, every: 1_000 })
  t.deepEqual(await said(), [])
})
