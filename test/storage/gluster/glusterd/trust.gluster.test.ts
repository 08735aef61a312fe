import test from 'ava'
import type { Certificate } from '../../../../lab/gluster/trust.ts'
import { birth, brickOf, mountOn, type OwnGluster, ownGluster, VOLUME } from '../../../harness/gluster.ts'

/** Who may mount the volume: those alone whose certificate is the room's, and whose name is allowed. */

let room: OwnGluster
test.before(async (t) => {
  t.timeout(240_000, 'the first time, a Debian with Gluster is made')
  room = await ownGluster(2)
  await room.change({ change: 'probe', pc: 'pc-2' })
  const bricks = [1, 2].map((number) => brickOf(room.server(number)))
  const options = birth(['pc-1', 'pc-2', 'mounter'])
  await room.change({ change: 'create', width: 2, arbiters: 0, bricks, options })
  await room.change({ change: 'start', force: false })
})
test.after.always(() => room?.lab.down())

/** Whether one with that certificate can mount the volume, and write to its disks. */
async function reaches(
  name: string,
  certificate: Certificate,
): Promise<{ mounts: boolean; writes: boolean }> {
  const client = await room.lab.addClient(name, certificate)
  const mounts = await mountOn(client, room.server(1))
  await client.exec(['sh', '-c', `echo ${name} >/mnt/${name}`], { timeout: 15_000 })
  const onDisk = await room.server(2).sumsOnDisk(VOLUME)
  return { mounts, writes: onDisk.has(`./${name}`) }
}
const NO = { mounts: false, writes: false }

test.serial('whose name is allowed mounts', async (t) => {
  t.deepEqual(await reaches('allowed', { of: 'room', name: 'mounter' }), { mounts: true, writes: true })
})

test.serial('whose name is not allowed does not', async (t) => {
  t.deepEqual(await reaches('stranger', { of: 'room', name: 'stranger' }), NO)
})

test.serial('who has no certificate does not', async (t) => {
  t.deepEqual(await reaches('nobody', { of: 'nobody' }), NO)
})

test.serial("who has another room's certificate does not, whatever name it bears", async (t) => {
  t.deepEqual(await reaches('other', { of: 'another room', name: 'mounter' }), NO)
})
