import { createHash, randomBytes } from 'node:crypto'
import test from 'ava'
import type { Browser, Page } from 'playwright-core'
import { z } from 'zod'
import { GLUSTER, NAMESPACES } from '../../config/names.ts'
import { launchBrowser } from '../../lab/browser/browser.ts'
import { DOOR_HOST, openDoor } from '../../lab/delivery/deliver.ts'
import type { Room } from '../../lab/room/room.ts'
import { addPerson, deskfleet, must } from '../delivery/person.ts'
import {
  type DesktopPod,
  inDesktop,
  inDesktops,
  passwordIn,
  runningPod,
  seconds,
} from '../door/desktop-pod.ts'
import { pcBecomes, sharedRoom } from '../harness/room.ts'
import { enter, keepScreen, picture } from '../harness/visitor.ts'
import { becomes, eventually } from '../harness/wait.ts'

/** Homes on the disks of the PCs: what a person at a screen notices when something of them dies. */

const LOGIN = `lovelace-${randomBytes(2).toString('hex')}`
const TEXT = randomBytes(300_000).toString('base64')
const SUM = createHash('sha256').update(TEXT).digest('hex')

let room: Room
let browser: Browser
let page: Page

test.before(async (t) => {
  t.timeout(900_000)
  room = await sharedRoom()
  await volumeIsWhole()
  const password = passwordIn(await addPerson(room, LOGIN))
  browser = await launchBrowser(DOOR_HOST, await openDoor(room), t.log)
  page = await enter(await browser.newContext(), LOGIN, password, 'light')
  await picture(page)
})

test.after.always(async () => {
  await browser?.close()
  for (const { name } of room?.pcs ?? []) await room.pc.on(name)
})

const Status = z.object({
  copies: z.string(),
  healthy: z.string(),
  bricks: z.array(z.object({ pc: z.string(), state: z.string(), pending: z.number().optional() })),
})
const status = async () => Status.parse(JSON.parse(await deskfleet(room, 'storage', 'status', '-o', 'json')))

/** Waits until none of three copies is behind, the other PCs are spares, and nothing is wrong; resolves with the seconds. */
const volumeIsWhole = (): Promise<number> =>
  becomes(
    'the volume',
    async () => {
      const { copies, healthy, bricks } = await status()
      const of = (wanted: string) =>
        bricks.filter(({ state, pending }) => state === wanted && (pending ?? 0) === 0).length
      return `${copies} copies, ${of('here')} here, ${of('spare')} spare, healthy: ${healthy}`
    },
    `3 of 3 copies, 3 here, ${room.pcs.length - 3} spare, healthy: True`,
    { seconds: 300, every: 1_000 },
  )

const desktop = (): Promise<DesktopPod> => runningPod(room, LOGIN)
const sum = async (name: string): Promise<string> =>
  (await inDesktop(room, LOGIN, `sha256sum <~/${name}`)).split(' ')[0] ?? ''

/** Writes the text below her home, and resolves when it has been given to the disks. */
async function write(name: string): Promise<void> {
  const pod = await desktop()
  const line = `cat >~/${name} && sync -f ~/${name}`
  await must(room, ['exec', '-i', pod.name, ...inDesktops, '--', 'sh', '-c', line], TEXT)
}

const onPc = (pc: string, script: string): Promise<string> =>
  room.machine.must(['podman', 'exec', pc, 'sh', '-euc', script])

/** Digests of a file of hers, as each disk of the volume has it. */
async function onBricks(name: string): Promise<string[]> {
  const look = `find ${GLUSTER.brick}/data/homes -path '*/${name}' -type f -exec sha256sum {} +`
  const holders = (await status()).bricks.filter(({ state }) => state === 'here')
  return Promise.all(holders.map(async ({ pc }) => (await onPc(pc, look)).split(' ')[0] ?? ''))
}
const THRICE = [SUM, SUM, SUM]

test.serial(
  'a desktop of the restricted kind has its home on the volume, and three disks each file',
  async (t) => {
    t.timeout(300_000)
    const level = `jsonpath={.metadata.labels.pod-security\\.kubernetes\\.io/enforce}`
    t.is(await must(room, ['get', 'namespace', NAMESPACES.desktops, '-o', level]), 'restricted')
    t.regex(await inDesktop(room, LOGIN, 'grep " $HOME " /proc/self/mountinfo'), / fuse\.glusterfs /)
    await write('first')
    t.deepEqual(await onBricks('first'), THRICE)
  },
)

test.serial('the FUSE process is killed under the desktop: the home is back in the same pod', async (t) => {
  t.timeout(300_000)
  const before = await desktop()
  await onPc(before.pc, "systemctl kill --signal=KILL 'deskfleet-homes-*'")
  const began = performance.now()
  await becomes('the file in the home', () => sum('first'), SUM, { seconds: 120 })
  t.log(`the home is back after ${seconds(performance.now() - began)}`)
  const after = await desktop()
  t.is(after.name, before.name)
  const restarts = 'jsonpath={.status.containerStatuses[*].restartCount}'
  t.is(await must(room, ['get', 'pod', after.name, ...inDesktops, '-o', restarts]), '0')
  await write('after-fuse')
  t.is(await sum('after-fuse'), SUM)
  await picture(page)
})

test.serial(
  'the desktop’s PC is off while others write: back on, its disk gets what it missed',
  async (t) => {
    t.timeout(600_000)
    const before = await desktop()
    await room.pc.off(before.pc)
    const began = performance.now()
    try {
      await eventually('the desktop is on another PC', async () => (await desktop()).pc !== before.pc, {
        seconds: 180,
      })
      await picture(page, 180_000)
      t.log(`off: the same tab shows the desktop after ${seconds(performance.now() - began)}`)
      t.is(await sum('first'), SUM)
      await write('while-off')
    } finally {
      await room.pc.on(before.pc)
      await pcBecomes(room, before.pc, 'True')
    }
    const on = performance.now()
    await volumeIsWhole()
    t.log(`on: nothing is left to heal after ${seconds(performance.now() - on)}`)
    t.deepEqual(await onBricks('while-off'), THRICE)
  },
)

test.serial('all PCs lose power at once: back on, every file is there, by nobody’s hand', async (t) => {
  t.timeout(900_000)
  await write('last')
  await Promise.all(room.pcs.map(({ name }) => room.pc.off(name)))
  await Promise.all(room.pcs.map(({ name }) => room.pc.on(name)))
  const began = performance.now()
  for (const { name } of room.pcs) await pcBecomes(room, name, 'True')
  t.log(`on: all PCs are ready after ${seconds(performance.now() - began)}`)
  await picture(page, 300_000)
  t.log(`the same tab shows the desktop after ${seconds(performance.now() - began)}`)
  await keepScreen(page, 'after-the-night')
  for (const name of ['first', 'after-fuse', 'while-off', 'last']) t.is(await sum(name), SUM, name)
  await volumeIsWhole()
  t.log(`nothing is left to heal after ${seconds(performance.now() - began)}`)
  t.deepEqual(await onBricks('last'), THRICE)
})
