import test from 'ava'
import { LOCK_FOLDER, UNCLAIMED, UNCLAIMED_LOCK, writtenLock } from '../../../config/home-lock.ts'
import type { Pc } from '../../../lab/gluster/gluster.ts'
import { OPTIONS } from '../../../storage/gluster/agent/volume-options.ts'
import { birth, brickOf, mountOn, type OwnGluster, ownGluster } from '../../harness/gluster.ts'

/** A volume whose disks are full, on real glusterds: what a desktop needs of a home goes on, and nothing else does. */

let room: OwnGluster
let desk: Pc
const HOME = '/mnt/homes/one'
const lock = `${HOME}/${LOCK_FOLDER}`

const sh = (script: string, ...args: string[]) =>
  desk.exec(['sh', '-c', script, 'sh', ...args], { timeout: 120_000 })

test.before(async (t) => {
  t.timeout(300_000, 'the first time, a Debian with Gluster is made')
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

test.serial(
  'from the reserve on nobody writes anything new, and is told that the disk is full',
  async (t) => {
    t.timeout(180_000)
    const fill = await sh(
      `cd ${HOME}; n=0; while dd if=/dev/urandom of=big-$n bs=1M count=4 conv=fsync 2>/tmp/why; do n=$((n+1)); done; cat /tmp/why; sleep 6; echo x >new`,
    )
    t.log(fill.stdout, fill.stderr)
    t.regex(fill.stdout + fill.stderr, /No space left on device/)
    t.log((await sh('df -k /mnt | tail -1')).stdout)
  },
)

test.serial('its lock is beaten, taken and given back on a full disk', async (t) => {
  const over = `printf %s "$1" | dd of=${lock}/${UNCLAIMED} conv=notrunc,fdatasync status=none`
  const beat = await sh(over, writtenLock({ ...UNCLAIMED_LOCK, heartbeat: 7 }))
  t.log('overwrite', beat)
  const take = await sh(`mv -T ${lock}/${UNCLAIMED} ${lock}/2`)
  t.log('rename', take)
  const mk = await sh(`mkdir ${HOME}/folder`)
  t.log('mkdir', mk)
  const ln = await sh(`ln ${HOME}/.ICEauthority ${HOME}/l`)
  t.log('ln', ln)
  const rm = await sh(`rm ${HOME}/big-0`)
  t.log('rm', rm)
  t.is(beat.code, 0)
  t.is(take.code, 0)
})
