import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { eventually } from '../harness/wait.ts'
import { HOST, LETTER, SERVICE } from './room-door.ts'
import { notice, type RoomWithScreen, roomWithScreen } from './room-with-screen.ts'
import { POLICY } from './screen-pc.ts'

/** A PC's own screen, as its person meets it: set up by install.sh, run by systemd, drawn by cage, trusted and locked by policy. */

const rootOnly = process.getuid?.() === 0 ? test.serial : test.serial.skip

let room: RoomWithScreen
test.before(async (t) => {
  if (process.getuid?.() !== 0) return
  t.timeout(240_000)
  room = await roomWithScreen(temporaryFolder())
})
test.after.always(() => room?.end())

/** The pid of the browser, in words of the PC's shell. */
const BROWSER = 'pgrep -o -f [u]ser-data-dir'
/** What the browser keeps, as its own processes see it. */
const inHome = (script: string): Promise<string> =>
  room.pc.said(`cd /proc/$(${BROWSER})/root/home && ${script}`)
/** Pictures of docs/pictures are made by this test: `KIOSK_PICTURES=docs/pictures npx ava …`. */
async function picture(name: string): Promise<void> {
  const folder = process.env.KIOSK_PICTURES
  const image = await room.pc.screenshot()
  if (folder) writeFileSync(`${folder}/${name}.png`, image)
}

rootOnly('install.sh shows all, sets the screen up, and has nothing to do a second time', async (t) => {
  const { pc, install } = room
  const dry = await install()
  t.is(dry.code, 0, dry.stderr)
  t.regex(dry.stdout, /its own screen shows the login at https:\/\/desk\.room\.example\.org/)
  t.regex(dry.stdout, /\$ useradd --system .* kiosk\n/)
  t.is((await pc.run('id kiosk')).code, 1, 'a dry run changes nothing')
  const done = await install('--apply')
  t.is(done.code, 0, done.stdout + done.stderr)
  const again = await install('--apply')
  t.regex(again.stdout, /kiosk {6}done {5}its own screen shows/)
  t.regex(again.stdout, /Nothing to do\./)
  t.regex(await pc.said('getent passwd kiosk; passwd --status kiosk'), /nologin\nkiosk L/)
  t.is(await pc.said('readlink /etc/localtime'), '/usr/share/zoneinfo/Europe/Zurich')
})

rootOnly('the browser runs as nobody who could do anything, each page in a sandbox', async (t) => {
  const { pc, door, debugging } = room
  await eventually('the login', () => door.seen.asked.includes('/login'))
  const page = await pc.said('pgrep -o -f [t]ype=renderer')
  const browser = await pc.said(BROWSER)
  const status = await pc.said(`grep -E '^(Uid|NoNewPrivs|CapEff|CapBnd):' /proc/${browser}/status`)
  t.regex(status, new RegExp(`Uid:\t${await pc.said('id -u kiosk')}\t`))
  t.regex(status, /CapEff:\t0+\nCapBnd:\t0+\nNoNewPrivs:\t1/)
  t.regex(await pc.said(`grep ^Seccomp: /proc/${page}/status`), /2$/)
  for (const kind of ['user', 'net', 'pid']) {
    const [its, ours] = await Promise.all(
      [page, '1'].map((pid) => pc.said(`readlink /proc/${pid}/ns/${kind}`)),
    )
    t.not(its, ours, kind)
  }
  const slice = await pc.said(`sed -n 's/^0:://p' /proc/${browser}/cgroup`)
  t.is(slice, '/kiosk.slice/deskfleet-kiosk.service')
  t.not((await pc.run(`setpriv --reuid kiosk --regid kiosk --clear-groups touch /etc/chromium/x`)).code, 0)
  await t.throwsAsync(fetch(`${debugging}/json/list`), undefined, 'nobody drives it from outside')
})

rootOnly('it shows the room’s login, trusting the room’s authority alone, as the room speaks', async (t) => {
  const { pc } = room
  await pc.allowDebugging()
  const page = await room.loginPage()
  t.regex(await page.evaluate('navigator.language'), /^de/)
  t.is(await page.evaluate('devicePixelRatio'), 1)
  await picture('kiosk-login')
  const environment = await pc.said(`tr '\\0' '\\n' </proc/$(pgrep -x cage)/environ`)
  t.regex(environment, /^XKB_DEFAULT_LAYOUT=ch$/m)
  t.regex(environment, /^XKB_DEFAULT_VARIANT=fr$/m)
})

rootOnly('nothing leads out of the room, and nothing of it is saved', async (t) => {
  let reached = 0
  const elsewhere = createServer((_request, response) => {
    reached++
    response.end('elsewhere')
  }).listen(0, '127.0.0.1')
  t.teardown(() => elsewhere.close())
  await once(elsewhere, 'listening')
  const { port } = elsewhere.address() as AddressInfo
  const page = await room.logIn()
  const seen = () => room.door.seen.asked.filter((path) => path === '/desktop').length
  for (const address of [
    `http://127.0.0.1:${port}/`,
    'https://example.org/',
    'file:///etc/passwd',
    'chrome://settings/',
    'view-source:https://x/',
    'data:text/html,x',
  ]) {
    const before = seen()
    await page.goto(address).catch(() => {})
    await eventually(`${address} leads back`, () => seen() > before, { seconds: 30 })
    await page.waitForURL(`${room.origin}/desktop`)
    t.pass(address)
  }
  t.is(reached, 0)
  await page.click('#file')
  await eventually('the file was asked for', () => room.door.seen.asked.includes('/file'))
  await page.waitForTimeout(1_500)
  t.is(await inHome(`grep -rlsaF '${LETTER}' . ../tmp ../var/tmp || true`), '')
})

rootOnly('no key opens a window, and a page that would open in another one comes in this one', async (t) => {
  const { pc } = room
  const page = await pc.page()
  await page.mouse.click(600, 600)
  let before = await pc.screenshot()
  await eventually('nothing moves', async () => {
    const last = before
    before = await pc.screenshot()
    return last.equals(before)
  })
  for (const keys of [
    '-M ctrl n',
    '-M ctrl t',
    '-M ctrl -M shift n',
    '-k F1',
    '-k F12',
    '-M shift -k Escape',
    '-M alt -k F4',
  ])
    await pc.said(pc.inScreen(`wtype ${keys}`))
  await page.waitForTimeout(1_000)
  const isSame = async () => before.equals(await pc.screenshot())
  await eventually('it shows what it showed', isSame, { seconds: 10 })
  t.is(page.context().pages().length, 1)
  await page.click('#other')
  await page.waitForURL(`${room.origin}/password`)
  await eventually('one page', () => page.context().pages().length === 1, { seconds: 5 })
  await page.goto(`${room.origin}/desktop`)
})

rootOnly('services are shown, with a way back; one that does not answer leads back by itself', async (t) => {
  const page = await room.pc.page()
  await page.goto(`https://${SERVICE}:${room.door.port}/`)
  await page.getByRole('heading', { name: 'A wiki' }).waitFor()
  const asked = () => room.door.seen.asked.filter((path) => path === `${SERVICE}/robots.txt`).length
  // It looks at once.
  await page.evaluate(`dispatchEvent(new Event('online'))`)
  await eventually('the site was asked', asked)
  t.is(await notice(page), '', 'its answer counts, whatever it is')
  const back = page.getByRole('link', { name: 'Back to my desktop' })
  await back.click()
  await page.waitForURL(`${room.origin}/desktop`)
  t.is(await back.count(), 0)
  await page.goto(`https://gone.${HOST}:${room.door.port}/`).catch(() => {})
  await page.getByRole('heading', { name: 'This service does not answer' }).waitFor({ timeout: 5_000 })
  await page.waitForURL(`${room.origin}/desktop`, { timeout: 10_000 })
})

rootOnly('who logs out leaves nothing: another browser begins, and knows nobody', async (t) => {
  const page = await room.pc.page()
  t.not(await inHome(`grep -rlsa ${HOST} kiosk | head -1`), '', 'there was something to wipe')
  await inHome('touch kiosk/left ../tmp/left ../var/tmp/left')
  await page.evaluate(`localStorage.setItem('left', 'here')`)
  const before = await room.start()
  await page.getByRole('button', { name: 'Log out' }).click()
  await room.startsAnew(before)
  const next = await room.loginPage()
  t.is(room.door.seen.cookie, undefined)
  await next.goto(`${room.origin}/desktop`)
  t.is(next.url(), `${room.origin}/login`)
  t.is(await next.evaluate(`localStorage.getItem('left')`), null)
  t.is(await inHome('find kiosk ../tmp ../var/tmp /dev/shm -name left -o -user kiosk -path "/dev/shm/*"'), '')
  t.is(await room.pc.said('cat /run/deskfleet-kiosk.failures'), '0')
})

rootOnly('while the network is gone a page that is open says so, and it goes away by itself', async (t) => {
  const page = await room.logIn()
  await room.door.close()
  const isTold = async () => (await notice(page)).startsWith('No connection')
  await eventually('the page says so', isTold, { seconds: 20 })
  await picture('kiosk-lost')
  await room.door.open()
  await eventually('it is gone', async () => (await notice(page)) === '', { seconds: 10 })
  t.is(page.url(), `${room.origin}/desktop`)
})

rootOnly('a page that cannot be loaded gives way to ours, which leads back by itself', async (t) => {
  const page = await room.pc.page()
  await room.door.close()
  await page.goto(`${room.origin}/password`).catch(() => {})
  await page.getByRole('heading', { name: 'The room does not answer' }).waitFor({ timeout: 10_000 })
  t.regex(await page.innerText('#text'), /tries again by itself\. Desktops keep running/)
  await picture('kiosk-network')
  await room.door.open()
  await page.getByRole('heading', { name: 'ada’s desktop' }).waitFor({ timeout: 10_000 })
})

rootOnly('whoever is not the room, at the room’s address, gets nothing, and people are told', async (t) => {
  const page = await room.pc.page()
  await room.door.close()
  await room.door.open(await room.impostor())
  const asked = room.door.seen.asked.length
  await page.goto(`${room.origin}/desktop`).catch(() => {})
  const heading = page.getByRole('heading', { name: 'This PC cannot be sure that this is your room' })
  await heading.waitFor({ timeout: 10_000 })
  t.is(room.door.seen.asked.length, asked)
  await room.door.close()
  await room.door.open()
  await page.getByRole('heading', { name: 'ada’s desktop' }).waitFor({ timeout: 10_000 })
})

rootOnly('a browser that dies begins anew, empty', async (t) => {
  const before = await room.start()
  await room.pc.said(`kill -KILL $(${BROWSER})`)
  await room.startsAnew(before)
  t.is((await room.loginPage()).url(), `${room.origin}/login`)
})

rootOnly('a screen that was left is logged out, and says so before; who moves stays', async (t) => {
  const { pc } = room
  const places = '/etc/deskfleet/kiosk /usr/local/lib/deskfleet/kiosk/extension/settings.js'
  await pc.said(`sed -i 's/600/6/' ${places} && systemctl restart deskfleet-kiosk`)
  // What drives the browser is nobody to the compositor.
  const moves = 'until [ -e /run/left ]; do wtype -k Shift_L; sleep 0.3; done'
  const moving = pc.run(pc.inScreen(moves))
  const page = await room.logIn()
  const before = await room.start()
  await pc.said('touch /run/left')
  await moving
  const isTold = async () => (await notice(page)).startsWith('Nobody seems to be here')
  await eventually('the word of it', isTold, { seconds: 5 })
  await pc.said(pc.inScreen('wtype x'))
  await eventually('it stays', async () => (await notice(page)) === '', { seconds: 3 })
  const touched = performance.now()
  await room.startsAnew(before)
  t.true(performance.now() - touched > 4_000, 'counted from the last key')
  await room.loginPage()
  t.is(await pc.said('cat /run/deskfleet-kiosk.failures'), '0', 'that is no failure')
  await pc.said(`sed -i "s/=6$/=600/; s/'6'/'600'/" ${places}`)
})

rootOnly('where it is not wanted it goes, and leaves nothing of itself that runs', async (t) => {
  const { code, stdout, stderr } = await room.install('--apply', '--kiosk', 'no')
  t.is(code, 0, stdout + stderr)
  t.is((await room.pc.run('pgrep -f [c]hromium')).stdout, '')
  t.is((await room.pc.run(`test -e ${POLICY} || test -e /usr/local/lib/deskfleet/kiosk/session`)).code, 1)
  t.regex((await room.install('--apply', '--kiosk', 'no')).stdout, /Nothing to do\./)
})
