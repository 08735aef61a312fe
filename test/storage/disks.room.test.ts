import { createHash, randomBytes } from 'node:crypto'
import test from 'ava'
import type { Browser, Page } from 'playwright-core'
import { NAMESPACES } from '../../config/names.ts'
import type { Room } from '../../lab/room/room.ts'
import { must } from '../delivery/person.ts'
import { newPersonAtDesktop } from '../door/at-desktop.ts'
import { type DesktopPod, inDesktop, inDesktops, runningPod, seconds } from '../door/desktop-pod.ts'
import { pcBecomes, sharedRoom } from '../harness/room.ts'
import { picture } from '../harness/visitor.ts'
import { becomes, eventually } from '../harness/wait.ts'
import { onBricks, volumeIsWhole, writeHome } from './room-volume.ts'

/** Homes on the disks of the PCs: what a person at a screen notices when something of them dies. */

const LOGIN = `lovelace-${randomBytes(2).toString('hex')}`
/** Of this run alone: others have written homes in this room. */
const file = (name: string): string => `${LOGIN}-${name}`
const TEXT = randomBytes(300_000).toString('base64')
const SUM = createHash('sha256').update(TEXT).digest('hex')

let room: Room
let browser: Browser
let page: Page

test.before(async (t) => {
  t.timeout(900_000)
  room = await sharedRoom()
  await volumeIsWhole(room)
  const opened = await newPersonAtDesktop(room, LOGIN, t.log)
  browser = opened.browser
  page = opened.page
})

test.after.always(async () => {
  await browser?.close()
  for (const { name } of room?.pcs ?? []) await room.pc.on(name)
})

const desktop = (): Promise<DesktopPod> => runningPod(room, LOGIN)
const sum = async (name: string): Promise<string> =>
  (await inDesktop(room, LOGIN, `sha256sum <~/${file(name)}`)).split(' ')[0] ?? ''

const write = (name: string): Promise<void> => writeHome(room, LOGIN, file(name), TEXT)

const onPc = (pc: string, script: string): Promise<string> =>
  room.machine.must(['podman', 'exec', pc, 'sh', '-euc', script])

const THRICE = [SUM, SUM, SUM]

test.serial(
  'a desktop of the restricted kind has its home on the volume, and three disks each file',
  async (t) => {
    t.timeout(300_000)
    const level = `jsonpath={.metadata.labels.pod-security\\.kubernetes\\.io/enforce}`
    t.is(await must(room, ['get', 'namespace', NAMESPACES.desktops, '-o', level]), 'restricted')
    t.regex(await inDesktop(room, LOGIN, 'grep " $HOME " /proc/self/mountinfo'), / fuse\.glusterfs /)
    await write('first')
    t.deepEqual(await onBricks(room, file('first')), THRICE)
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
    await volumeIsWhole(room)
    t.log(`on: nothing is left to heal after ${seconds(performance.now() - on)}`)
    t.deepEqual(await onBricks(room, file('while-off')), THRICE)
  },
)
