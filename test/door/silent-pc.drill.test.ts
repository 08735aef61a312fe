import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import type { Browser, Page } from 'playwright-core'
import { VERSION } from '../../config/version.ts'
import { launchBrowser } from '../../lab/browser/browser.ts'
import { DOOR_HOST, openDoor } from '../../lab/delivery/deliver.ts'
import type { Room } from '../../lab/room/room.ts'
import { addPerson, must } from '../delivery/person.ts'
import { pcBecomes, sharedRoom } from '../harness/room.ts'
import { enter, keepScreen, picture } from '../harness/visitor.ts'
import { becomes } from '../harness/wait.ts'
import { inDesktops, passwordIn, podOf, seconds } from './desktop-pod.ts'
import { oneAtATime, successor, turns, writesInHome, written } from './home-writer.ts'

/** One home, one writer, where the PC that has it is not heard by the cluster and goes on: the longest that anybody waits. */

const LOGIN = `noether-${randomBytes(2).toString('hex')}`
const IMAGE = `registry.room.example.org:5000/deskfleet:${VERSION}`

let room: Room
let browser: Browser
let page: Page

test.before(async (t) => {
  t.timeout(600_000)
  room = await sharedRoom()
  const password = passwordIn(await addPerson(room, LOGIN))
  await writesInHome(room, LOGIN, IMAGE)
  browser = await launchBrowser(DOOR_HOST, await openDoor(room), t.log)
  page = await enter(await browser.newContext(), LOGIN, password, 'light')
  await picture(page, 180_000)
  await becomes('the turns that were written', async () => turns(await written(room, LOGIN)).length, 1)
})

test.after.always(async () => {
  await browser?.close()
})

test.serial(
  'a PC loses the API and its desktop writes on: the next pod waits until it has ended',
  async (t) => {
    t.timeout(600_000)
    const before = await podOf(room, LOGIN)
    await room.pc.cutFromApi(before.pc)
    const began = performance.now()
    try {
      await pcBecomes(room, before.pc, 'Unknown')
      await successor(room, LOGIN, before)
      t.log(`another pod runs after ${seconds(performance.now() - began)}, and waits`)
      // Longer than a lock without a heartbeat stands.
      await sleep(30_000)
      const lines = await written(room, LOGIN)
      oneAtATime(t, lines, 1)
      t.true(Date.now() - (lines.at(-1)?.at ?? 0) < 20_000, 'the session that is cut off writes on')
      const log = await must(room, ['logs', (await podOf(room, LOGIN)).name, ...inDesktops])
      t.regex(log, /another pod has the home/)
      t.regex(await page.innerText('#overlay'), /Your files are still held by the PC/)
      await keepScreen(page, 'cut')
    } finally {
      await room.pc.mend(before.pc)
    }
    const mended = performance.now()
    await picture(page, 180_000)
    t.log(`the same tab shows the desktop ${seconds(performance.now() - mended)} after the mend`)
    await becomes('the turns that were written', async () => turns(await written(room, LOGIN)).length, 2, {
      seconds: 60,
    })
    await sleep(2_000)
    oneAtATime(t, await written(room, LOGIN), 2)
    await pcBecomes(room, before.pc, 'True')
  },
)
