import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { BRIDGE_PATHS, DESKTOP } from '../../config/names.ts'
import { VERSION } from '../../config/version.ts'
import { launchBrowser } from '../../lab/browser/browser.ts'
import { DOOR_HOST, openDoor } from '../../lab/delivery/deliver.ts'
import type { Room } from '../../lab/room/room.ts'
import { addPerson } from '../delivery/person.ts'
import { pcBecomes, sharedRoom } from '../harness/room.ts'
import { enter, picture } from '../harness/visitor.ts'
import { becomes } from '../harness/wait.ts'
import { inDesktop, inDesktops, passwordIn, podOf, podsOf, runningPod, seconds } from './desktop-pod.ts'
import { oneAtATime, successor, turns, writesInHome, written } from './home-writer.ts'

/** One home, one writer: whatever is asked for at once, and whatever becomes of the PC that has it. */

const mark = randomBytes(2).toString('hex')
const LOGIN = `noether-${mark}`
const OTHER = `curie-${mark}`
const IMAGE = `registry.room.example.org:5000/deskfleet:${VERSION}`

let room: Room
let browser: Browser
let contexts: readonly BrowserContext[]
let page: Page
let password = ''

test.before(async (t) => {
  t.timeout(600_000)
  room = await sharedRoom()
  password = passwordIn(await addPerson(room, LOGIN))
  await writesInHome(room, LOGIN, IMAGE)
  browser = await launchBrowser(DOOR_HOST, await openDoor(room), t.log)
  contexts = await Promise.all([0, 1].map(() => browser.newContext()))
})

test.after.always(async () => {
  await browser?.close()
})

const shownIn = (one: Page): Promise<Page> => picture(one, 180_000).then(() => one)

test.serial('two logins at the same instant make one desktop', async (t) => {
  t.timeout(300_000)
  const [one, two] = contexts
  if (!one || !two) return t.fail('two browsers')
  const [first, second] = await Promise.all([
    enter(one, LOGIN, password, 'light'),
    enter(two, LOGIN, password, 'light'),
  ])
  page = await Promise.race([shownIn(first), shownIn(second)])
  await becomes('the turns that were written', async () => turns(await written(room, LOGIN)).length, 1)
  await sleep(3_000)
  t.is((await podsOf(room, LOGIN)).length, 1)
  oneAtATime(t, await written(room, LOGIN), 1)
  // The later of the two took it over; hers goes on in the first from here.
  await second.close()
  page = first
  const act = page.locator('#act')
  if (await act.isVisible()) await act.click()
  await picture(page)
})

/** Files of the PC that the runtime lays into the container and that are written without counting against any limit. */
const UNCOUNTED = `while read -r line; do
  at=$(echo "$line" | cut -d' ' -f5); kind=\${line##* - }
  case \${kind%% *} in tmpfs|proc|sysfs|devpts|mqueue|cgroup2) continue;; esac
  case $at in /|/home|/home/*|/mnt|/mnt/*) continue;; esac
  if [ -w "$at" ]; then echo "$at"; fi
done </proc/self/mountinfo`

test.serial('a desktop writes no file of its PC that counts against no limit', async (t) => {
  t.is((await inDesktop(room, LOGIN, UNCOUNTED)).trim(), '')
})

test.serial('a desktop does not reach the bridge of another one, whatever it sends', async (t) => {
  t.timeout(300_000)
  const theirs = passwordIn(await addPerson(room, OTHER))
  const context = await browser.newContext()
  const other = await enter(context, OTHER, theirs, 'light')
  await picture(other)
  const [mine, hers] = [await runningPod(room, LOGIN), await runningPod(room, OTHER)]
  const dial = async (address: string, token: string, path: string = BRIDGE_PATHS.state): Promise<string> => {
    const script = `require('https').get({ host: '${address}', port: ${DESKTOP.port}, path: '${path}', rejectUnauthorized: false, timeout: 5000, headers: { authorization: 'Bearer ' + ${token}, connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'x3JJHMbDL1EzLkh9GBhXDw==' } }).on('response', (r) => { console.log(r.statusCode); process.exit() }).on('upgrade', () => { console.log(101); process.exit() }).on('error', (e) => { console.log(e.code); process.exit() })`
    return (await room.run(['exec', mine.name, ...inDesktops, '--', 'node', '-e', script])).stdout.trim()
  }
  const own = `require('fs').readFileSync('${DESKTOP.secrets}/token', 'utf8').trim()`
  // Not even a packet passes; what the bridge itself answers is test/bridge/'s to show.
  for (const path of [BRIDGE_PATHS.screen, `${BRIDGE_PATHS.files}?path=`, BRIDGE_PATHS.keep]) {
    t.is(await dial(hers.address, "''", path), 'EHOSTUNREACH', path)
    t.is(await dial(hers.address, own, path), 'EHOSTUNREACH', `${path} with a token, but her own`)
  }
  t.is(
    await dial(mine.address, own, BRIDGE_PATHS.screen),
    '401',
    'the twin: her own bridge is reached, and serves the gateway alone, whatever the token',
  )
  await picture(other)
  await context.close()
  await picture(page)
})

test.serial('a PC is cut off from everything: its desktop ends, and only then the next begins', async (t) => {
  t.timeout(600_000)
  const before = await podOf(room, LOGIN)
  await room.pc.cut(before.pc)
  const began = performance.now()
  try {
    await successor(room, LOGIN, before)
    await picture(page, 180_000)
    t.log(`cut: the same tab shows the desktop after ${seconds(performance.now() - began)}`)
    await becomes('the turns that were written', async () => turns(await written(room, LOGIN)).length, 2, {
      seconds: 60,
    })
  } finally {
    await room.pc.mend(before.pc)
  }
  await pcBecomes(room, before.pc, 'True')
  await sleep(5_000)
  oneAtATime(t, await written(room, LOGIN), 2)
  t.is((await podsOf(room, LOGIN)).length, 1)
})
