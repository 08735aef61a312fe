import test from 'ava'
import type { Room } from '../../lab/room/room.ts'
import { must } from '../delivery/person.ts'
import { readiness, sharedRoom } from '../harness/room.ts'
import { fillStick, JOIN, type PcOfRoom, spareOfRoom } from './pc-of-room.ts'

/** A PC of the room that was installed by `install.sh` leaves it, and comes back. */

let room: Room
let pc: PcOfRoom

test.before(async (t) => {
  t.timeout(900_000)
  room = await sharedRoom()
  await fillStick(room, t.log)
  pc = await spareOfRoom(room)
  await room.pc.blank(pc.name)
  await pc.bringAnswers()
  const { code, stdout, stderr } = await pc.install(...JOIN, '--apply')
  t.is(code, 0, stdout + stderr)
})

test.after.always(async (t) => {
  t.timeout(300_000)
  await pc?.restore()
})

test.serial(
  'as long as the room counts on it, it refuses to leave, and says what is to be done',
  async (t) => {
    t.timeout(120_000)
    const { code, stdout } = await pc.install('leave', '--apply')
    t.is(code, 1)
    for (const command of [
      `storage retire ${pc.name}`,
      `kubectl drain ${pc.name}`,
      `kubectl delete node ${pc.name}`,
    ])
      t.true(stdout.includes(command), stdout)
    t.is(await readiness(room, pc.name), 'True')
  },
)

test.serial(
  'then it leaves, its Node does not come back, and it says that its plug may be pulled',
  async (t) => {
    t.timeout(300_000)
    await must(room, ['drain', pc.name, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=120s'])
    await must(room, ['delete', 'node', pc.name])
    const { code, stdout, stderr } = await pc.install('leave', '--apply')
    t.log(stdout)
    t.is(code, 0, stdout + stderr)
    t.regex(stdout, /its plug may be pulled/)
    for (const path of ['/etc/kubernetes/kubelet.conf', '/var/lib/kubelet/pki', '/etc/deskfleet.yaml'])
      t.not((await pc.run(`test -e ${path}`)).code, 0, path)
    t.not((await pc.run('systemctl is-active kubelet')).code, 0)
    t.not((await pc.run('systemctl is-enabled kubelet')).code, 0)
    t.not((await room.run(['get', 'node', pc.name])).code, 0)
    const again = await pc.install('leave', '--apply')
    t.is(again.code, 0)
    t.regex(again.stdout, /it is in no room/)
  },
)

test.serial('it joins once more, by another answer file', async (t) => {
  t.timeout(300_000)
  await pc.bringAnswers()
  const { code, stdout, stderr } = await pc.install(...JOIN, '--apply')
  t.log(stdout)
  t.is(code, 0, stdout + stderr)
  t.is(await readiness(room, pc.name), 'True')
})
