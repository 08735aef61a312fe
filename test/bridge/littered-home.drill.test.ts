import { execFileSync } from 'node:child_process'
import { chownSync, lstatSync } from 'node:fs'
import test from 'ava'
import { BRIDGE_PATHS } from '../../config/names.ts'
import { type Desk, type Desks, startDesks, UID } from '../../lab/desktop/desks.ts'
import { eventually } from '../harness/wait.ts'
import { litterIn } from './litter.ts'

/** Homes in which others, or the person, left things that need not stop a desktop: the real image on them. */

let desks: Desks
let litter: ReturnType<typeof litterIn>

test.before(async (t) => {
  t.timeout(3_600_000, 'the first time, images are built')
  desks = await startDesks(`t-littered-${process.pid}`, ['desktop-light'], t.log)
  litter = litterIn(desks)
})

test.after.always(async () => {
  await desks?.down()
})

const stateOf = async (desk: Desk) => (await desk.ask('GET', BRIDGE_PATHS.state)).json

const CHANNEL = '.config/xfce4/xfconf/xfce-perchannel-xml'

test.serial('a desktop starts beside files of root, links, devices and settings that are none', async (t) => {
  t.timeout(120_000)
  const desk = await litter.seen(() => {
    litter.rootsFile('.Xauthority')
    litter.link('.ICEauthority', '/dev/full')
    litter.rootsFolder('.local', 0o700)
    litter.rootsFolder('.cache', 0o700)
    litter.link('Desktop', '/nowhere/desktop')
    litter.link('.config/user-dirs.dirs', '/dev/zero')
    litter.rootsFile(`${CHANNEL}/xfwm4.xml`, 'closed')
    litter.file(`${CHANNEL}/xfce4-panel.xml`, '<none')
  })
  t.deepEqual((await stateOf(desk)).notices, [{ what: 'foreign', place: '.local' }])
  t.is((await desk.stop()).code, 0)
})

test.serial(
  'a desktop that does not come up with the settings of its home comes up without them',
  async (t) => {
    t.timeout(180_000)
    const pipe = `${CHANNEL}/xfce4-session.xml`
    const desk = await litter.seen(() => {
      // Whoever opens it waits for ever.
      execFileSync('mkfifo', ['--mode=0600', litter.way(pipe)])
      chownSync(litter.at(pipe), UID, UID)
    })
    t.deepEqual((await stateOf(desk)).notices, [{ what: 'bare' }])
    t.true(lstatSync(litter.at(pipe)).isFIFO(), 'nothing of the person is touched')
    await desk.stop()
  },
)

test.serial('a lock that cannot be used is told, with its reason, and waited for', async (t) => {
  t.timeout(120_000)
  await litter.emptied()
  litter.rootsFolder('.deskfleet')
  const desk = await litter.next()
  await eventually('it is told', async () => (await stateOf(desk)).obstacle === 'lock')
  t.like(await stateOf(desk), { phase: 'waiting', home: true, generation: null })
  t.regex(String((await stateOf(desk)).reason), /EACCES/)
  t.is((await desk.ask('GET', BRIDGE_PATHS.ready)).json.obstacle, 'lock')
  chownSync(litter.at('.deskfleet'), UID, UID)
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
    const desk = await litter.seen(() => litter.file('letter.txt', 'dear'))
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
  const desk = await litter.seen(() => {})
  const enough = await killOverAndOver(desk, 'xfwm4')
  await desk.becomes('starting')
  await enough()
  await desk.becomes('ready', 120_000)
  t.is((await desk.run('pidof', 'xfwm4')).code, 0)
  await desk.stop()
})
