import { execFileSync } from 'node:child_process'
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { HOME_MARKER } from '../../config/home-marker.ts'
import { BRIDGE_PATHS } from '../../config/names.ts'
import { type Desk, type Desks, startDesks, UID } from '../../lab/desktop/desks.ts'
import { colours } from '../../lab/desktop/viewer.ts'
import { eventually } from '../harness/wait.ts'

/** Homes in which others, or the person, left things that need not stop a desktop: the real image on them. */

let desks: Desks
let count = 0

test.before(async (t) => {
  t.timeout(3_600_000, 'the first time, images are built')
  desks = await startDesks(`t-littered-${process.pid}`, ['desktop-light'], t.log)
})

test.after.always(async () => {
  await desks?.down()
})

const at = (path: string): string => join(desks.home, path)

/** Folders on the way are the person's. */
function way(path: string): string {
  const folder = dirname(path)
  if (folder !== '.' && !existsSync(at(folder))) {
    way(folder)
    mkdirSync(at(folder), { mode: 0o700 })
    chownSync(at(folder), UID, UID)
  }
  return at(path)
}
const rootsFolder = (path: string, mode = 0o755) => mkdirSync(way(path), { mode })
const rootsFile = (path: string, text = '') => writeFileSync(way(path), text, { mode: 0o600 })
const link = (path: string, to: string) => symlinkSync(to, way(path))
function file(path: string, text: string): void {
  writeFileSync(way(path), text)
  chownSync(at(path), UID, UID)
}

async function emptied(): Promise<void> {
  for (const name of readdirSync(desks.home))
    if (name !== HOME_MARKER) rmSync(at(name), { recursive: true, force: true })
}

/** A home with that litter, in which a desktop is told to be ready, and is to be seen. */
async function seen(litter: () => void): Promise<Desk> {
  await emptied()
  litter()
  const desk = await desks.start(`littered-${++count}`)
  await desk.becomes('ready')
  const { code } = await desk.run('pidof', 'xfce4-session')
  if (code !== 0) throw new Error('ready, and xfce4-session does not run')
  const viewer = await desk.view()
  await eventually('the desktop is seen', async () => colours(await viewer.frame()) > 64)
  viewer.close()
  return desk
}

const stateOf = async (desk: Desk) => (await desk.ask('GET', BRIDGE_PATHS.state)).json

/** What is in the home; what the person is told of it. */
const LITTER: Record<string, readonly [() => void, readonly object[]]> = {
  "root's empty .ICEauthority": [() => rootsFile('.ICEauthority'), []],
  'an .ICEauthority that takes nothing': [() => link('.ICEauthority', '/dev/full'), []],
  "root's .Xauthority and .dbus": [
    () => {
      rootsFile('.Xauthority')
      rootsFolder('.dbus', 0o700)
    },
    [],
  ],
  "root's .local": [() => rootsFolder('.local', 0o700), [{ what: 'foreign', place: '.local' }]],
  'a .local that leads nowhere': [
    () => link('.local', '/nowhere/local'),
    [{ what: 'blocked', place: '.local' }],
  ],
  "root's .local/state": [() => rootsFolder('.local/state'), [{ what: 'foreign', place: '.local/state' }]],
  "root's .config": [() => rootsFolder('.config'), [{ what: 'foreign', place: '.config' }]],
  "root's closed .config": [() => rootsFolder('.config', 0o700), [{ what: 'foreign', place: '.config' }]],
  'a file in place of .config': [() => file('.config', 'x'), [{ what: 'blocked', place: '.config' }]],
  'a .config that is a device': [() => link('.config', '/dev/full'), [{ what: 'blocked', place: '.config' }]],
  "root's .config/xfce4": [
    () => rootsFolder('.config/xfce4', 0o700),
    [{ what: 'foreign', place: '.config/xfce4' }],
  ],
  "root's .cache, and a link in place of Desktop": [
    () => {
      rootsFolder('.cache', 0o700)
      link('Desktop', '/nowhere/desktop')
    },
    [],
  ],
  'pipes and devices in place of files': [
    () => {
      link('.config/gtk-3.0/bookmarks', '/dev/zero')
      link('.config/user-dirs.dirs', '/dev/zero')
    },
    [],
  ],
}

const CHANNEL = '.config/xfce4/xfconf/xfce-perchannel-xml'
LITTER["root's settings of XFCE"] = [
  () => {
    for (const name of ['xfce4-session', 'xfwm4', 'xfce4-panel'])
      rootsFile(`${CHANNEL}/${name}.xml`, 'closed')
  },
  [],
]
LITTER['settings of XFCE that are none'] = [
  () => {
    for (const name of ['xfce4-session', 'xfwm4', 'xfce4-panel']) file(`${CHANNEL}/${name}.xml`, '<none')
  },
  [],
]

for (const [what, [litter, notices]] of Object.entries(LITTER)) {
  test.serial(`a desktop starts beside ${what}`, async (t) => {
    t.timeout(120_000)
    const desk = await seen(litter)
    t.deepEqual((await stateOf(desk)).notices, notices)
    t.is((await desk.stop()).code, 0)
  })
}

test.serial(
  'a desktop that does not come up with the settings of its home comes up without them',
  async (t) => {
    t.timeout(180_000)
    const pipe = `${CHANNEL}/xfce4-session.xml`
    const desk = await seen(() => {
      // Whoever opens it waits for ever.
      execFileSync('mkfifo', ['--mode=0600', way(pipe)])
      chownSync(at(pipe), UID, UID)
    })
    t.deepEqual((await stateOf(desk)).notices, [{ what: 'bare' }])
    t.true(lstatSync(at(pipe)).isFIFO(), 'nothing of the person is touched')
    await desk.stop()
  },
)

test.serial('a lock that cannot be used is told, with its reason, and waited for', async (t) => {
  t.timeout(120_000)
  await emptied()
  rootsFolder('.deskfleet')
  const desk = await desks.start(`littered-${++count}`)
  await eventually('it is told', async () => (await stateOf(desk)).obstacle === 'lock')
  t.like(await stateOf(desk), { phase: 'waiting', home: true, generation: null })
  t.regex(String((await stateOf(desk)).reason), /EACCES/)
  t.is((await desk.ask('GET', BRIDGE_PATHS.ready)).json.obstacle, 'lock')
  chownSync(at('.deskfleet'), UID, UID)
  await desk.becomes('ready')
  t.false('obstacle' in (await stateOf(desk)))
  await desk.stop()
})

/** Kills that program of a desktop over and over, until it is told to stop. */
async function killOverAndOver(desk: Desk, program: string): Promise<() => Promise<void>> {
  const script = `while [ ! -e /tmp/enough ]; do kill -9 $(pidof ${program}) 2>/dev/null; sleep 0.02; done; rm /tmp/enough`
  const over = desk.run('sh', '-c', script)
  return async () => {
    await desk.run('touch', '/tmp/enough')
    await over
  }
}

test.serial(
  'a session that ends again and again is started ever later, gives files meanwhile, and says so',
  async (t) => {
    t.timeout(180_000)
    const desk = await seen(() => file('letter.txt', 'dear'))
    const enough = await killOverAndOver(desk, 'xfce4-session')
    const told = async () => (await stateOf(desk)).obstacle === 'session'
    await eventually('it is told', told, { seconds: 60 })
    const pauses = async () =>
      [...(await desk.log()).matchAll(/"pause":(\d+)/g)].map(([, pause]) => Number(pause))
    await eventually('it was tried four times more', async () => (await pauses()).length >= 4, {
      seconds: 60,
    })
    t.deepEqual((await pauses()).slice(0, 4), [800, 1_600, 3_200, 6_400])
    const { phase, reason } = await stateOf(desk)
    t.is(phase, 'starting', 'never ready while it dies')
    t.regex(String(reason), /times in a row, last: xfce4-session/)
    t.is((await desk.ask('GET', `${BRIDGE_PATHS.files}?path=letter.txt`)).body, 'dear')
    await enough()
    await desk.becomes('ready')
    t.false(await told())
    t.is((await desk.stop()).code, 0)
  },
)

test.serial('a desktop whose window manager is gone is not ready, until there is one', async (t) => {
  t.timeout(240_000)
  const desk = await seen(() => {})
  const enough = await killOverAndOver(desk, 'xfwm4')
  await desk.becomes('starting')
  await enough()
  await desk.becomes('ready', 120_000)
  t.is((await desk.run('pidof', 'xfwm4')).code, 0)
  await desk.stop()
})
