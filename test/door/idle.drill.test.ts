import { randomBytes } from 'node:crypto'
import test from 'ava'
import type { Browser, Page } from 'playwright-core'
import { STOPPED_WHY } from '../../config/labels.ts'
import { desktopName } from '../../config/names.ts'
import { launchBrowser } from '../../lab/browser/browser.ts'
import { DOOR_HOST, openDoor, SHORT } from '../../lab/delivery/deliver.ts'
import type { Room } from '../../lab/room/room.ts'
import { addPerson, haveGroup, must } from '../delivery/person.ts'
import { sharedRoom } from '../harness/room.ts'
import { enter, keepScreen, picture } from '../harness/visitor.ts'
import { becomes } from '../harness/wait.ts'
import { inDesktop, inDesktops, passwordIn, podsOf, seconds } from './desktop-pod.ts'

/** A desktop that nobody uses: a warning, a way to keep it, its end, and its return. */

const LOGIN = `idler-${randomBytes(2).toString('hex')}`

let room: Room
let browser: Browser
let page: Page
let password = ''

test.before(async (t) => {
  t.timeout(600_000)
  room = await sharedRoom()
  const [group = ''] = SHORT.groups
  await haveGroup(room, group)
  password = passwordIn(await addPerson(room, LOGIN, '--groups', group))
  browser = await launchBrowser(DOOR_HOST, await openDoor(room), t.log)
})

test.after.always(async () => {
  await browser?.close()
})

const warned = async (): Promise<number> => {
  const since = performance.now()
  await page.waitForSelector('#warning:not([hidden])', { timeout: 120_000 })
  return performance.now() - since
}

test.serial('who may use two kinds chooses; one that goes without input warns, and is kept', async (t) => {
  t.timeout(300_000)
  const context = await browser.newContext()
  page = await enter(context, LOGIN, password, SHORT.name)
  await picture(page)
  t.is(await inDesktop(room, LOGIN, 'touch ~/kept && echo made'), 'made')
  t.log(`warned ${seconds(await warned())} after the picture`)
  t.regex((await page.textContent('#warning')) ?? '', /It stops in/)
  await keepScreen(page, 'idle-warning')
  await page.click('#keep')
  await page.waitForSelector('#warning', { state: 'hidden' })
  t.is((await podsOf(room, LOGIN)).length, 1)
})

test.serial(
  'nobody answers the next warning: it is stopped, the page says so, and why is written',
  async (t) => {
    t.timeout(300_000)
    await warned()
    const began = performance.now()
    await page.locator('#status-title', { hasText: 'off' }).waitFor({ timeout: 120_000 })
    t.log(`off ${seconds(performance.now() - began)} after the warning`)
    await keepScreen(page, 'idle-off')
    const path = `jsonpath={.spec.replicas} {.metadata.annotations.${STOPPED_WHY.replaceAll('.', '\\.')}}`
    t.is(await must(room, ['get', 'deployment', desktopName(LOGIN), ...inDesktops, '-o', path]), '0 Idle')
    await becomes('the number of pods', async () => (await podsOf(room, LOGIN)).length, 0, { seconds: 60 })
  },
)

test.serial('a login brings it back, with the same files, and the old tab leaves it alone', async (t) => {
  t.timeout(300_000)
  const context = await browser.newContext()
  const again = await enter(context, LOGIN, password, SHORT.name)
  await picture(again)
  t.is(await inDesktop(room, LOGIN, 'ls ~/kept >/dev/null && echo there'), 'there')
  t.regex(await page.innerText('#overlay'), /on again/)
  await keepScreen(page, 'idle-on-again')
  t.true(await again.locator('#overlay').isHidden())
})
