import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { COPIES, NAMESPACES, STORAGE } from '../../config/names.ts'
import { VERSION } from '../../config/version.ts'
import { refresh, settled } from '../../lab/delivery/applications.ts'
import { type Delivery, DOOR_HOST, openDelivery, openDoor, publish } from '../../lab/delivery/deliver.ts'
import type { Room } from '../../lab/room/room.ts'
import { addPerson, deskfleet, inPod, must, plainPod } from '../delivery/person.ts'
import { passwordIn } from '../door/desktop-pod.ts'
import { newBrowser } from '../gateway/browser.ts'
import { sharedRoom } from '../harness/room.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { becomes, eventually } from '../harness/wait.ts'

/** Last night's copy as the room makes it, and somebody who comes back out of it to the home that they had. */

const LOGIN = `copied-${randomBytes(2).toString('hex')}`
const IMAGE = `registry.room.example.org:5000/deskfleet:${VERSION}`
const FOLDER = `${STORAGE.volume}/${COPIES.folder}`

let room: Room
let delivery: Delivery

test.before(async (t) => {
  t.timeout(300_000)
  room = await sharedRoom()
  delivery = await openDelivery(room)
})

test.after.always(async (t) => {
  t.timeout(300_000)
  if (!delivery) return
  await room.run(['delete', 'pod', LOGIN, '-n', NAMESPACES.desktops, '--now', '--wait=false'])
  const commit = await publish(delivery.repository, delivery.overlay, 'No copies')
  // What holds data is not pruned: an administrator takes it away.
  const kept = { pvc: COPIES.program, pv: COPIES.volume }
  const inDirectory = ['-n', NAMESPACES.directory, '--ignore-not-found', '--wait=false']
  await refresh(room)
  await becomes('the program', programs, '')
  for (const [kind, name] of Object.entries(kept)) await room.run(['delete', kind, name, ...inDirectory])
  await settled(room, commit, t.log)
})

/** The program that copies, where it is there. */
const programs = async (): Promise<string> =>
  (
    await room.run([
      'get',
      'deployment',
      '-n',
      NAMESPACES.directory,
      COPIES.program,
      '-o',
      'name',
      '--ignore-not-found',
    ])
  ).stdout

/** A shell line as root of the storage, as on a PC. */
const onStorage = (line: string): Promise<string> =>
  must(room, ['exec', '-n', NAMESPACES.storage, `daemonset/${STORAGE.mounter}`, '--', 'sh', '-c', line])

async function identity(): Promise<string> {
  const path = 'jsonpath={.spec.uid} {.spec.entryUUID}'
  return (await room.run(['get', 'identity', LOGIN, '-o', path])).stdout
}

test.serial('who was removed comes back from the copy: same uid, password, home', async (t) => {
  t.timeout(600_000)
  const password = passwordIn(await addPerson(room, LOGIN))
  const who = await identity()
  const pod = plainPod(LOGIN, LOGIN, IMAGE)
  await inPod(room, pod, 'echo "dear Charles" >~/letter && stat -c %u ~/letter')
  await must(room, ['delete', 'pod', LOGIN, '-n', NAMESPACES.desktops, '--now'])

  const key = join(temporaryFolder(), 'copies.key')
  const made = await deskfleet(room, 'directory', 'key', key)
  const recipient = /- (age1\S+)/.exec(made)?.[1] ?? ''
  await onStorage(`rm -f ${FOLDER}/*.age`)
  const ldap = { copies: { recipients: [recipient] } }
  const commit = await publish(delivery.repository, { ...delivery.overlay, ldap }, 'A copy each night')
  await settled(room, commit, t.log)
  const name = await eventually('a copy', async () => (await onStorage(`ls ${FOLDER}`)).trim(), {
    seconds: 180,
    every: 1_000,
  })
  t.regex(name, /^directory-.*Z-\d+-people\.age$/)
  const copy = join(temporaryFolder(), name)
  writeFileSync(copy, Buffer.from(await onStorage(`base64 ${FOLDER}/${name}`), 'base64'))
  t.false(readFileSync(copy).includes(LOGIN), 'nobody is named in it')

  await deskfleet(room, 'people', 'remove', LOGIN)
  await becomes('the identity', identity, '')
  const refused = await t.throwsAsync(deskfleet(room, 'directory', 'restore', copy, '--key', key))
  t.regex(String(refused), /--beside/)
  const planned = await deskfleet(room, 'directory', 'restore', copy, '--key', key, '--beside', '--dry-run')
  t.true(planned.includes(`uid=${LOGIN},`))
  t.is(await identity(), '', 'a dry run writes nothing')
  const said = await deskfleet(room, 'directory', 'restore', copy, '--key', key, '--beside')
  t.regex(said, /are as they were/)
  await becomes('the identity', identity, who)
  await must(room, ['wait', '--for=condition=HomeReady', `identity/${LOGIN}`, '--timeout=120s'])
  t.is(await inPod(room, pod, 'cat ~/letter && stat -c %U ~/letter'), `dear Charles\n${LOGIN}\n`)
  const browser = newBrowser(`https://127.0.0.1:${await openDoor(room)}`)
  const headers = { host: DOOR_HOST, origin: `https://${DOOR_HOST}` }
  t.is((await browser.post('/login', { login: LOGIN, password }, headers)).status, 303)
})
