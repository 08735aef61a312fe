import { createHash, randomBytes } from 'node:crypto'
import test from 'ava'
import type { Browser, Page } from 'playwright-core'
import type { Room } from '../../lab/room/room.ts'
import { newPersonAtDesktop } from '../door/at-desktop.ts'
import { inDesktop, seconds } from '../door/desktop-pod.ts'
import { pcBecomes, sharedRoom } from '../harness/room.ts'
import { keepScreen, picture } from '../harness/visitor.ts'
import { onBricks, volumeIsWhole, writeHome } from './room-volume.ts'

/** All PCs are off, at night or because the fuse blew, and on again: homes are there, by nobody's hand. */

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

test.serial('all PCs lose power at once: back on, every file is there, by nobody’s hand', async (t) => {
  t.timeout(900_000)
  await writeHome(room, LOGIN, file('first'), TEXT)
  await writeHome(room, LOGIN, file('last'), TEXT)
  await Promise.all(room.pcs.map(({ name }) => room.pc.off(name)))
  await Promise.all(room.pcs.map(({ name }) => room.pc.on(name)))
  const began = performance.now()
  for (const { name } of room.pcs) await pcBecomes(room, name, 'True')
  t.log(`on: all PCs are ready after ${seconds(performance.now() - began)}`)
  await picture(page, 300_000)
  t.log(`the same tab shows the desktop after ${seconds(performance.now() - began)}`)
  await keepScreen(page, 'after-the-night')
  for (const name of ['first', 'last'])
    t.is(await inDesktop(room, LOGIN, `sha256sum <~/${file(name)}`), `${SUM}  -`, name)
  await volumeIsWhole(room)
  t.log(`nothing is left to heal after ${seconds(performance.now() - began)}`)
  t.deepEqual(await onBricks(room, file('last')), [SUM, SUM, SUM])
})
