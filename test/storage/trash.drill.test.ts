import { randomBytes } from 'node:crypto'
import test from 'ava'
import { NAMESPACES, STORAGE } from '../../config/names.ts'
import { VERSION } from '../../config/version.ts'
import { addPerson, deskfleet, inPod, must, plainPod } from '../delivery/person.ts'
import { sharedRoom } from '../harness/room.ts'

/** The command that gives homes of the trash back, in the pods as they run. */

const LOGIN = `trash-${randomBytes(2).toString('hex')}`
const ENTRY = `2026-11-24-${LOGIN}-former`
const IMAGE = `registry.room.example.org:5000/deskfleet:${VERSION}`

test('what lies in the trash comes back into a person’s home, and is theirs', async (t) => {
  t.timeout(600_000)
  const room = await sharedRoom()
  await addPerson(room, LOGIN)
  // The trash as root finds it: somebody's home of the time before.
  const folder = `${STORAGE.volume}/trash/${ENTRY}`
  const line = `mkdir -p ${folder}/letters && echo 'dear Charles' >${folder}/letters/one && chmod -R go= ${folder}`
  await must(room, [
    ...['exec', '-n', NAMESPACES.storage, `daemonset/${STORAGE.mounter}`, '--'],
    ...['sh', '-c', line],
  ])
  t.true((await deskfleet(room, 'homes', 'trash')).split('\n').includes(ENTRY))
  t.is(
    await deskfleet(room, 'homes', 'restore', ENTRY, '--to', LOGIN),
    `${LOGIN} has it in ~/restored-${ENTRY}\n`,
  )
  const seen = await inPod(
    room,
    plainPod(LOGIN, LOGIN, IMAGE),
    `cat ~/restored-${ENTRY}/letters/one && stat -c %U ~/restored-${ENTRY}/letters/one`,
  )
  t.is(seen, `dear Charles\n${LOGIN}\n`)
  const again = await t.throwsAsync(deskfleet(room, 'homes', 'restore', ENTRY, '--to', LOGIN))
  t.regex(String(again), /not everything came back/)
  const nobody = await t.throwsAsync(deskfleet(room, 'homes', 'restore', ENTRY, '--to', 'nobody-knows'))
  t.regex(String(nobody), /the cluster knows nobody called "nobody-knows"/)
  await room.run(['delete', 'pod', LOGIN, '-n', NAMESPACES.desktops, '--now', '--wait=false'])
})
