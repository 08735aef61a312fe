import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { CHANCE } from '../../bridge/lock/decide.ts'
import { LOCK_FOLDER, writtenLock } from '../../config/home-lock.ts'
import { HOME_MARKER, homeMarker } from '../../config/home-marker.ts'
import { BRIDGE_PATHS, SCREEN_CLOSED } from '../../config/names.ts'
import { type Desks, ENTRY_UUID, startDesks, UID } from '../../lab/desktop/desks.ts'
import { colours, differing } from '../../lab/desktop/viewer.ts'
import { eventually } from '../harness/wait.ts'
import { isSeen } from './seen-desktop.ts'

/**
 * Desktops of the real images, as bare as Kubernetes runs them: no root, no capabilities, a read-only root, no network
 * but loopback. One home, which several containers want.
 */

let desks: Desks
let count = 0
const next = (): string => `desk-${++count}`

test.before(async (t) => {
  t.timeout(3_600_000, 'the first time, images are built')
  desks = await startDesks(`t-desks-${process.pid}`, ['desktop-light'], t.log)
})

test.after.always(async () => {
  await desks?.down()
})

/** A lock left by the test before would make the next one wait. */
test.beforeEach(() => rmSync(join(desks.home, '.deskfleet'), { recursive: true, force: true }))

test.serial('a desktop is seen within seconds, by whoever has the token and by nobody else', async (t) => {
  t.timeout(180_000)
  await isSeen(t, desks, 'desktop-light')
})

test.serial('keys count as input, watching does not; keep does; a message is shown', async (t) => {
  t.timeout(120_000)
  const desk = await desks.start(next())
  await desk.becomes('ready')
  const state = async () => (await desk.ask('GET', BRIDGE_PATHS.state)).json
  t.like(await state(), { home: true, generation: 1, fenced: false, viewers: 0 })
  const viewer = await desk.view()
  const before = (await state()).lastInput
  for (let frames = 0; frames < 5; frames++) await viewer.frame()
  t.is((await state()).lastInput, before)
  t.is((await state()).viewers, 1)
  viewer.key(0xffe1)
  const later = (than: unknown) => async () => String((await state()).lastInput) > String(than)
  await eventually('the key is noted', later(before))
  const after = (await state()).lastInput
  await sleep(1_100)
  t.is((await desk.ask('POST', BRIDGE_PATHS.keep)).status, 200)
  await eventually('what keeps it is noted', later(after))
  const quiet = await viewer.frame()
  const shown = await desk.ask('POST', BRIDGE_PATHS.message, {
    body: JSON.stringify({ text: 'Five minutes left' }),
  })
  t.is(shown.status, 200)
  // The panel's clock changes some 1,000 pixels a minute, a message 15,000.
  await eventually('the message is seen', async () => differing(await viewer.frame(), quiet) > 5_000)
  viewer.close()
  await desk.stop()
})

test.serial('a second viewer takes the screen over, and the first is told', async (t) => {
  t.timeout(60_000)
  const desk = await desks.start(next())
  await desk.becomes('ready')
  const first = await desk.view()
  await first.frame()
  const second = await desk.view()
  t.is((await first.closed).code, SCREEN_CLOSED.takenOver)
  t.true(colours(await second.frame()) > 1)
  await desk.stop()
  t.is((await second.closed).code, SCREEN_CLOSED.stopping)
})

test.serial(
  'after a graceful end the next pod has the home at once, and what was open is noted',
  async (t) => {
    t.timeout(120_000)
    const one = await desks.start(next())
    await one.becomes('ready')
    const two = await desks.start(next())
    await two.becomes('waiting')
    t.is((await two.ask('GET', BRIDGE_PATHS.ready)).status, 503)
    t.regex((await t.throwsAsync(two.view()))?.message ?? '', /503/)
    await sleep(3_000)
    t.is((await two.ask('GET', BRIDGE_PATHS.state)).json.phase, 'waiting')
    const { code, milliseconds } = await one.stop()
    t.is(code, 0)
    const began = performance.now()
    await two.becomes('ready')
    const took = performance.now() - began
    t.log(`stopped in ${Math.round(milliseconds)} ms; the next was ready ${Math.round(took)} ms later`)
    // A home that is not given back stands for 15 s and more.
    t.true(took < 14_000, `${took} ms`)
    t.is((await two.ask('GET', BRIDGE_PATHS.state)).json.generation, 2)
    t.true(readdirSync(join(desks.home, '.local/state/deskfleet/sessions')).length > 0)
    await two.stop()
  },
)

test.serial('20 s after a kill -9 the next pod has the home, and not before', async (t) => {
  t.timeout(120_000)
  const one = await desks.start(next())
  await one.becomes('ready')
  // What a browser of a killed desktop leaves behind.
  const profile = join(desks.home, '.mozilla/firefox/x.default')
  mkdirSync(profile, { recursive: true })
  symlinkSync('127.0.1.1:+7', join(profile, 'lock'))
  for (const folder of ['.mozilla', '.mozilla/firefox', '.mozilla/firefox/x.default']) {
    chownSync(join(desks.home, folder), UID, UID)
  }
  const two = await desks.start(next())
  await two.becomes('waiting')
  await sleep(2_000)
  const killed = performance.now()
  await one.kill()
  t.true(lstatSync(join(profile, 'lock')).isSymbolicLink(), 'no lock is cleared before the home is won')
  await two.becomes('ready', 60_000)
  const took = performance.now() - killed
  t.log(`ready ${Math.round(took / 100) / 10} s after the kill`)
  t.true(took > 14_000, `${took} ms`)
  t.false(existsSync(join(profile, 'lock')))
  await two.stop()
})

test.serial('a pod that sees a higher generation ends its whole session at once', async (t) => {
  t.timeout(120_000)
  const one = await desks.start(next())
  await one.becomes('ready')
  const viewer = await one.view()
  await viewer.frame()
  const generation = 9 * CHANCE
  writeFileSync(
    join(desks.home, LOCK_FOLDER, `${generation}`),
    writtenLock({ pod: 'other', generation, heartbeat: 0, free: false }),
  )
  t.is((await viewer.closed).code, SCREEN_CLOSED.fenced)
  t.is(await one.exitCode(), 3)
  t.regex(await one.log(), /claim 9 has the home now/)
})

test.serial('a pod that cannot write its heartbeat for 15 s ends its session', async (t) => {
  t.timeout(120_000)
  const one = await desks.start(next())
  await one.becomes('ready')
  const viewer = await one.view()
  const lock = join(desks.home, LOCK_FOLDER)
  for (const name of readdirSync(lock)) {
    chownSync(join(lock, name), 0, 0)
    chmodSync(join(lock, name), 0o444)
  }
  chownSync(lock, 0, 0)
  chmodSync(lock, 0o755)
  const began = performance.now()
  t.is((await viewer.closed).code, SCREEN_CLOSED.fenced)
  const took = performance.now() - began
  // The next pod may have the home 20 s after the last heartbeat.
  t.true(took > 9_000 && took < 20_000, `${took} ms`)
  t.is(await one.exitCode(), 3)
})

test.serial(
  'no session starts in a home that is not wholly the person’s, and the log says why',
  async (t) => {
    t.timeout(240_000)
    const marker = join(desks.home, HOME_MARKER)
    const restore = () => {
      chownSync(desks.home, UID, UID)
      chmodSync(desks.home, 0o700)
      rmSync(marker, { force: true })
      writeFileSync(marker, homeMarker(ENTRY_UUID, 'ada'), { mode: 0o444 })
    }
    const wrong: [string, () => void, RegExp][] = [
      [
        "another person's marker",
        () => {
          unlinkSync(marker)
          writeFileSync(marker, homeMarker(ENTRY_UUID.replace('1', '9'), 'bob'))
        },
        /is the home of the person with the entryUUID 9/,
      ],
      ['a marker of the person', () => chownSync(marker, UID, UID), /belongs to uid 12345, not to root/],
      ['open to others', () => chmodSync(desks.home, 0o755), /mode 0755/],
    ]
    try {
      // Side by side: each is given the time in which a mount may still come.
      for (const [what, spoil, says] of wrong) {
        spoil()
        const desk = await desks.start(next())
        t.is(await desk.exitCode(), 4, what)
        t.regex(await desk.log(), says, what)
        t.false(existsSync(join(desks.home, '.deskfleet')), 'nothing was written')
        restore()
      }
    } finally {
      restore()
    }
  },
)

test.serial('files go in and out of the home, and nothing leads out of it', async (t) => {
  t.timeout(120_000)
  const desk = await desks.start(next())
  await desk.becomes('ready')
  const path = (name: string) => `${BRIDGE_PATHS.files}?path=${encodeURIComponent(name)}`
  const body = Buffer.alloc(5_000_000, 'x')
  t.is((await desk.ask('PUT', path('big.bin'), { body })).status, 201)
  const put = lstatSync(join(desks.home, 'big.bin'))
  t.deepEqual([put.size, put.uid, put.mode & 0o777], [5_000_000, UID, 0o600])
  t.is((await desk.ask('GET', path('big.bin'))).body.length, 5_000_000)
  t.is((await desk.ask('PUT', path('big.bin'), { body: 'other' })).status, 409)
  // The person's own uid could read these; the gateway must not be led to them.
  symlinkSync('/run/secrets/deskfleet.io/desktop', join(desks.home, 'keys'))
  symlinkSync('/etc/passwd', join(desks.home, 'passwd'))
  for (const attack of [
    'keys/token',
    'keys',
    'passwd',
    '../../etc/passwd',
    'Desktop/Shared/x',
    '.deskfleet/lock/1',
    HOME_MARKER,
  ]) {
    t.true((await desk.ask('GET', path(attack))).status >= 400, attack)
    t.true((await desk.ask('PUT', path(attack), { body: 'x' })).status >= 400, attack)
  }
  for (const name of ['keys', 'passwd', 'big.bin']) rmSync(join(desks.home, name))
  await desk.stop()
})

test.serial('the shared folder is on the desktop and in the file manager, once', async (t) => {
  t.timeout(120_000)
  for (const path of ['Desktop', '.config/gtk-3.0'])
    rmSync(join(desks.home, path), { recursive: true, force: true })
  const one = await desks.start(next())
  await one.becomes('ready')
  const bookmarks = join(desks.home, '.config/gtk-3.0/bookmarks')
  t.is(readFileSync(bookmarks, 'utf8'), 'file:///mnt/shared Shared\n')
  unlinkSync(join(desks.home, 'Desktop/Shared'))
  writeFileSync(bookmarks, '')
  await one.stop()
  const two = await desks.start(next())
  await two.becomes('ready')
  t.false(existsSync(join(desks.home, 'Desktop/Shared')), 'what the person removed stays removed')
  t.is(readFileSync(bookmarks, 'utf8'), '')
  await two.stop()
})

test.serial('a session that ends starts anew', async (t) => {
  t.timeout(120_000)
  const desk = await desks.start(next())
  await desk.becomes('ready')
  const xvnc = async () => (await desk.run('pidof', 'Xvnc')).stdout.trim()
  for (let times = 0; times < 4; times++) {
    const before = await xvnc()
    await desk.run('kill', '-9', before)
    await eventually('another Xvnc runs', async () => !['', before].includes(await xvnc()))
    await desk.becomes('ready')
  }
  t.deepEqual((await desk.ask('GET', BRIDGE_PATHS.state)).json.notices, [], 'with the settings of the home')
  t.is((await desk.stop()).code, 0)
})
