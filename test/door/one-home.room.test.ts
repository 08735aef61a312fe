import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { BRIDGE_PATHS, DESKTOP } from '../../config/names.ts'
import { VERSION } from '../../config/version.ts'
import { launchBrowser } from '../../lab/browser/browser.ts'
import { DOOR_HOST, openDoor } from '../../lab/delivery/deliver.ts'
import type { Room } from '../../lab/room/room.ts'
import { addPerson, inPod, must, plainPod } from '../delivery/person.ts'
import { pcBecomes, sharedRoom } from '../harness/room.ts'
import { enter, keepScreen, picture } from '../harness/visitor.ts'
import { becomes, eventually } from '../harness/wait.ts'
import {
  type DesktopPod,
  inDesktop,
  inDesktops,
  passwordIn,
  podOf,
  podsOf,
  runningPod,
  seconds,
} from './desktop-pod.ts'

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

/** Every session of hers writes who it is, five times a second: two that run at once are seen by their lines. */
const WRITER = `id=$(cat /proc/sys/kernel/random/uuid)
while :; do echo "$id $(date +%s%3N)" >>"$HOME/writers"; sleep 0.2; done
`
const AUTOSTART = `[Desktop Entry]
Type=Application
Name=Writer
Exec=sh /home/${LOGIN}/writer.sh
`
const PREPARE = `cd && mkdir -p .config/autostart && printf '%s' '${WRITER}' >writer.sh && printf '%s' '${AUTOSTART}' >.config/autostart/writer.desktop`

test.before(async (t) => {
  t.timeout(600_000)
  room = await sharedRoom()
  password = passwordIn(await addPerson(room, LOGIN))
  await inPod(room, plainPod(`prepare-${mark}`, LOGIN, IMAGE), PREPARE)
  await must(room, ['delete', 'pod', `prepare-${mark}`, ...inDesktops, '--now', '--wait'])
  browser = await launchBrowser(DOOR_HOST, await openDoor(room), t.log)
  contexts = await Promise.all([0, 1].map(() => browser.newContext()))
})

test.after.always(async () => {
  await browser?.close()
})

interface Line {
  readonly writer: string
  readonly at: number
}

/** What was written, in the order in which the file has it. Read where the homes are, whoever is cut off. */
async function written(): Promise<Line[]> {
  const text = await inDesktop(room, LOGIN, 'cat ~/writers')
  return text.split('\n').flatMap((line) => {
    const [writer = '', at = ''] = line.split(' ')
    return writer === '' ? [] : [{ writer, at: Number(at) }]
  })
}

/** The writers one after the other: each has a time of its own, and nobody who has ended writes again. */
function turns(lines: readonly Line[]): string[] {
  return lines.map(({ writer }) => writer).filter((writer, index, all) => writer !== all[index - 1])
}

function oneAtATime(t: ExecutionContext, lines: readonly Line[], writers: number): void {
  const order = turns(lines)
  t.is(order.length, writers, `first turns: ${order.slice(0, 8).join(' ')}`)
  t.is(new Set(order).size, order.length, 'nobody writes again after somebody else')
}

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
  await sleep(3_000)
  t.is((await podsOf(room, LOGIN)).length, 1)
  oneAtATime(t, await written(), 1)
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

/** Waits until the cluster has made another pod for her than `before`. */
async function successor(before: DesktopPod): Promise<void> {
  const others = async (): Promise<string> => String((await podsOf(room, LOGIN)).length === 1)
  await becomes(
    'whether a new pod is there',
    async () => ((await podOf(room, LOGIN)).name === before.name ? 'old' : await others()),
    'true',
  )
  await eventually('the new pod runs', async () => (await podOf(room, LOGIN)).name, { seconds: 180 })
}

test.serial(
  'a PC loses the API and its desktop writes on: the next pod waits until it has ended',
  async (t) => {
    t.timeout(600_000)
    const before = await podOf(room, LOGIN)
    await room.pc.cutFromApi(before.pc)
    const began = performance.now()
    try {
      await pcBecomes(room, before.pc, 'Unknown')
      await successor(before)
      t.log(`another pod runs after ${seconds(performance.now() - began)}, and waits`)
      // Longer than a lock without a heartbeat stands.
      await sleep(30_000)
      const lines = await written()
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
    await becomes('the turns that were written', async () => turns(await written()).length, 2, {
      seconds: 60,
    })
    await sleep(2_000)
    oneAtATime(t, await written(), 2)
    await pcBecomes(room, before.pc, 'True')
  },
)

test.serial('a PC is cut off from everything: its desktop ends, and only then the next begins', async (t) => {
  t.timeout(600_000)
  const before = await podOf(room, LOGIN)
  await room.pc.cut(before.pc)
  const began = performance.now()
  try {
    await successor(before)
    await picture(page, 180_000)
    t.log(`cut: the same tab shows the desktop after ${seconds(performance.now() - began)}`)
    await becomes('the turns that were written', async () => turns(await written()).length, 3, {
      seconds: 60,
    })
  } finally {
    await room.pc.mend(before.pc)
  }
  await pcBecomes(room, before.pc, 'True')
  await sleep(5_000)
  oneAtATime(t, await written(), 3)
  t.is((await podsOf(room, LOGIN)).length, 1)
})
