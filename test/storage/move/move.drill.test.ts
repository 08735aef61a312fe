import { createHash, randomBytes } from 'node:crypto'
import test from 'ava'
import type { Browser, Page } from 'playwright-core'
import { NAMESPACES } from '../../../config/names.ts'
import { launchBrowser } from '../../../lab/browser/browser.ts'
import { settled } from '../../../lab/delivery/applications.ts'
import {
  type Delivery,
  DOOR_HOST,
  type Overlay,
  openDelivery,
  openDoor,
  publish,
} from '../../../lab/delivery/deliver.ts'
import type { Room } from '../../../lab/room/room.ts'
import { STORAGE_DIRECTORY } from '../../../lab/room/volumes.ts'
import { addPerson, deskfleet, must } from '../../delivery/person.ts'
import { inDesktop, inDesktops, passwordIn, runningPod } from '../../door/desktop-pod.ts'
import { sharedRoom } from '../../harness/room.ts'
import { enter, picture } from '../../harness/visitor.ts'
import { becomes, eventually } from '../../harness/wait.ts'
import { onBricks, volumeIsWhole, writeHome } from '../room-volume.ts'

/**
 * A whole room moves from a directory to Gluster on the disks of its PCs while somebody works, and is done with the
 * directory. Takes a room in which nobody has a home yet: `npm run drill`.
 */

const mark = randomBytes(2).toString('hex')
/** Works when the move begins, and stops later; never logged in; logs in when all is over. */
const [WORKS, AWAY, LATER] = [`worker-${mark}`, `away-${mark}`, `later-${mark}`]
const TEXT = randomBytes(300_000).toString('base64')
const SUM = createHash('sha256').update(TEXT).digest('hex')
const PATH = { kind: 'path', path: STORAGE_DIRECTORY }
const GLUSTER = { kind: 'gluster', replicas: 3, replaceAfter: '5m' }

let room: Room
let delivery: Delivery
let browser: Browser
let page: Page
const passwords = new Map<string, string>()

test.before(async (t) => {
  t.timeout(900_000)
  room = await sharedRoom()
  delivery = await openDelivery(room)
  await deliver(PATH, 'Homes in a directory', t.log)
  for (const login of [WORKS, AWAY]) passwords.set(login, passwordIn(await addPerson(room, login)))
  browser = await launchBrowser(DOOR_HOST, await openDoor(room), t.log)
  page = await visit(WORKS)
  await writeHome(room, WORKS, 'before', TEXT)
})
test.after.always(() => browser?.close())

async function deliver(storage: object, message: string, log: (line: string) => void): Promise<void> {
  const overlay: Overlay = { ...delivery.overlay, storage }
  await settled(room, await publish(delivery.repository, overlay, message), log)
}

async function visit(login: string): Promise<Page> {
  const opened = await enter(await browser.newContext(), login, passwords.get(login) ?? '', 'light')
  await picture(opened, 180_000)
  return opened
}

/** What a person's home is mounted from. */
const source = (login: string): Promise<string> =>
  inDesktop(room, login, `awk '$5 == "/home/${login}" { print $(NF-2) }' /proc/self/mountinfo`)

/** Takes the desktop of whoever works away, as its stop button does. */
async function stopDesktop(login: string): Promise<void> {
  const { name } = await runningPod(room, login)
  const deployment = name.split('-').slice(0, -2).join('-')
  await must(room, ['scale', 'deployment', deployment, ...inDesktops, '--replicas=0'])
  await must(room, ['wait', '--for=delete', `pod/${name}`, ...inDesktops, '--timeout=120s'])
}

test.serial('with both storages nobody notices anything, and what is asked for is told ahead', async (t) => {
  t.timeout(900_000)
  await deliver({ ...GLUSTER, from: PATH }, 'Homes are to move to the disks of the PCs', t.log)
  await volumeIsWhole(room)
  t.notRegex(await source(WORKS), /glusterfs/)
  const told = await deskfleet(room, 'storage', 'move', '--dry-run')
  for (const line of told.trim().split('\n')) t.log(line)
  t.notRegex(await source(WORKS), /glusterfs/)
})

test.serial('who is away moves at once; who works is waited for, and works on', async (t) => {
  t.timeout(600_000)
  await deskfleet(room, 'storage', 'move', '--no-wait')
  const status = async (): Promise<string> =>
    (await room.run(['get', 'homeplaces', '-n', NAMESPACES.storage, '-o', 'json'])).stdout
  await eventually('one home has moved', async () => /"side":\s*"here"/.test(await status()), {
    seconds: 300,
    every: 2_000,
  })
  await writeHome(room, WORKS, 'meanwhile', TEXT)
  t.notRegex(await source(WORKS), /glusterfs/)
  await picture(page)
})

test.serial('when the desktop is off its home moves, and is found again with every file', async (t) => {
  t.timeout(900_000)
  await stopDesktop(WORKS)
  await page.close()
  const began = performance.now()
  // Ends by itself once all is there.
  await deskfleet(room, 'storage', 'move')
  t.log(`all is moved ${((performance.now() - began) / 1000).toFixed(0)} s after the desktop was off`)
  page = await visit(WORKS)
  t.regex(await source(WORKS), /glusterfs/)
  for (const name of ['before', 'meanwhile']) {
    const said = await inDesktop(room, WORKS, `sha256sum <~/${name}`)
    t.is(said.split(' ')[0], SUM, name)
    t.deepEqual(await onBricks(room, name), [SUM, SUM, SUM])
  }
})

test.serial('finished, the directory is taken out of cluster.yaml, and everybody goes on', async (t) => {
  t.timeout(900_000)
  await deskfleet(room, 'storage', 'move', '--finish')
  await deliver(GLUSTER, 'The directory is done with', t.log)
  await writeHome(room, WORKS, 'after', TEXT)
  t.deepEqual(await onBricks(room, 'after'), [SUM, SUM, SUM])
  passwords.set(LATER, passwordIn(await addPerson(room, LATER)))
  for (const login of [AWAY, LATER]) {
    await visit(login)
    await becomes(
      `the home of ${login} is on Gluster`,
      async () => /glusterfs/.test(await source(login)),
      true,
    )
  }
})
