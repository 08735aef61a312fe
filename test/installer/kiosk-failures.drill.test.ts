import test from 'ava'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { eventually } from '../harness/wait.ts'
import { notice, type RoomWithScreen, roomWithScreen } from './room-with-screen.ts'

/** What happens at a PC's own screen when parts of it fail, as far as it takes longer than `kiosk-screen.lab` has time for. */

const rootOnly = process.getuid?.() === 0 ? test.serial : test.serial.skip

let room: RoomWithScreen
test.before(async (t) => {
  if (process.getuid?.() !== 0) return
  t.timeout(240_000)
  room = await roomWithScreen(temporaryFolder())
  const { code, stderr } = await room.install('--apply')
  t.is(code, 0, stderr)
  await room.pc.allowDebugging()
})
test.after.always(() => room?.end())

rootOnly('while the network is gone a page that is open says so, and it goes away by itself', async (t) => {
  const page = await room.logIn()
  for (const lose of ['close', 'silence'] as const) {
    await room.door[lose]()
    const since = performance.now()
    const isTold = async () => (await notice(page)).startsWith('No connection')
    await eventually(`${lose}: the page says so`, isTold, { seconds: 20 })
    t.log(`${lose}: told after ${((performance.now() - since) / 1000).toFixed(1)} s`)
    await room.door.open()
    await eventually('it is gone', async () => (await notice(page)) === '', { seconds: 10 })
    t.is(page.url(), `${room.origin}/desktop`)
  }
})

const killPages = `for pid in $(pgrep -f [t]ype=renderer); do grep -q extension-process /proc/$pid/cmdline || kill -KILL $pid; done`
rootOnly('a page whose process dies comes back, and its person is still in', async (t) => {
  const { asked } = room.door.seen
  const before = asked.length
  await room.pc.said(killPages)
  await eventually('the page is asked for again', () => asked.slice(before).includes('/desktop'), {
    seconds: 20,
  })
  const page = await room.pc.page()
  await page.getByRole('heading', { name: 'ada’s desktop' }).waitFor()
  t.is(page.url(), `${room.origin}/desktop`)
})

rootOnly('where what watches the pages has died with them, the browser begins anew', async (t) => {
  const before = await room.start()
  await room.pc.said('kill -KILL $(pgrep -f [t]ype=renderer)')
  await room.startsAnew(before, 30)
  t.is(await room.pc.said('cat /run/deskfleet-kiosk.failures'), '1')
  t.is((await room.loginPage()).url(), `${room.origin}/login`)
})

rootOnly('a compositor that dies begins anew, empty', async (t) => {
  const before = await room.start()
  await room.pc.said('kill -KILL $(pgrep -x cage)')
  await room.startsAnew(before)
  t.is((await room.loginPage()).url(), `${room.origin}/login`)
})

rootOnly('a screen that cannot come up says so in words, and tries less and less often', async (t) => {
  const { pc } = room
  await pc.said('mv /usr/bin/chromium /usr/bin/chromium.off; systemctl restart deskfleet-kiosk || true')
  const failures = async () => Number(await pc.said('cat /run/deskfleet-kiosk.failures'))
  await eventually('three failures', async () => (await failures()) >= 3, { seconds: 20 })
  t.regex(
    await pc.said('cat /run/terminal'),
    /The screen of this PC has stopped\.[\s\S]*in [48] s\. Your desktop keeps running/,
  )
  await pc.said('mv /usr/bin/chromium.off /usr/bin/chromium')
  t.is((await room.loginPage()).url(), `${room.origin}/login`)
})
