import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { LOCK_FOLDER, UNCLAIMED, UNCLAIMED_LOCK, writtenLock } from '../../config/home-lock.ts'
import { HOME_MARKER } from '../../config/home-marker.ts'
import { BRIDGE_PATHS } from '../../config/names.ts'
import { type Desk, type Desks, startDesks, UID } from '../../lab/desktop/desks.ts'
import { colours } from '../../lab/desktop/viewer.ts'
import { eventually } from '../harness/wait.ts'

/** A home on a small disk without room: the real image on it, from its first start. */

let desks: Desks
let marker: string
let count = 0
const HOME = '/share/u/ada'

test.before(async (t) => {
  t.timeout(3_600_000, 'the first time, images are built')
  desks = await startDesks(`t-full-${process.pid}`, ['desktop-light'], t.log)
  marker = readFileSync(join(desks.home, HOME_MARKER), 'utf8')
})

test.after.always(async () => {
  await desks?.down()
})

/** Does something in the home as the person, where the small disk is. */
const asPerson = (script: string) =>
  desks.machine.must([
    ...['setpriv', `--reuid=${UID}`, `--regid=${UID}`, '--clear-groups'],
    ...['sh', '-c', `cd ${HOME} && ${script}`],
  ])

const FILL = {
  bytes: 'cat /dev/zero >big 2>/dev/null; n=0; while echo x >rest-$n; do n=$((n+1)); done 2>/dev/null; true',
  files: 'echo x >big; n=0; while true >rest-$n; do n=$((n+1)); done 2>/dev/null; true',
} as const

/** Puts a small disk in place of the home, full to its last byte or file; what the person had on it before. */
async function fullHome(t: ExecutionContext, what: keyof typeof FILL, before: string): Promise<Desk> {
  const options = `size=2m,nr_inodes=200,mode=0700,uid=${UID},gid=${UID}`
  await desks.machine.must(['mount', '-t', 'tmpfs', '-o', options, 'home', HOME])
  await desks.machine.must(['sh', '-c', 'printf %s "$1" >"$2"', 'sh', marker, join(HOME, HOME_MARKER)])
  await asPerson(`${before} && { ${FILL[what]} ; }`)
  const desk = await desks.start(`full-${++count}`)
  t.teardown(async () => {
    await desk.kill().catch(() => {})
    await desks.machine.must(['umount', '--lazy', HOME])
  })
  return desk
}

const lockFile = join(LOCK_FOLDER, String(UNCLAIMED))
const LAID = `mkdir -p ${dirname(lockFile)} && printf %s '${writtenLock(UNCLAIMED_LOCK)}' >${lockFile}`

const stateOf = async (desk: Desk) => (await desk.ask('GET', BRIDGE_PATHS.state)).json
const whats = async (desk: Desk) => {
  const { notices } = await stateOf(desk)
  return Array.isArray(notices) ? notices.map(({ what }) => String(what)) : []
}
const drop = async (desk: Desk, name: string) =>
  (await desk.ask('DELETE', `${BRIDGE_PATHS.files}?path=${name}`)).status

/** Of files, one less is no room for another: a folder, what is in it and each name of a file count. */
async function makeRoom(t: ExecutionContext, desk: Desk, what: keyof typeof FILL): Promise<void> {
  const rest = what === 'files' ? [0, 1, 2, 3, 4].map((n) => `rest-${n}`) : []
  for (const name of ['big', ...rest]) t.is(await drop(desk, name), 200, name)
}

async function isSeen(desk: Desk): Promise<void> {
  await eventually('the desktop is seen', async () => {
    const viewer = await desk.view()
    try {
      return colours(await viewer.frame()) > 64
    } finally {
      viewer.close()
    }
  })
}

for (const what of ['bytes', 'files'] as const) {
  test.serial(`a home without ${what} left: a desktop starts, and its person is told`, async (t) => {
    t.timeout(180_000)
    const desk = await fullHome(t, what, LAID)
    await desk.becomes('ready')
    await isSeen(desk)
    await eventually('it is told', async () => (await whats(desk)).includes('full'), { seconds: 60 })
    t.deepEqual(await whats(desk), ['full', 'unmade'])
    t.is((await desk.ask('GET', `${BRIDGE_PATHS.files}?path=`)).status, 200)
    t.is((await desk.ask('PUT', `${BRIDGE_PATHS.files}?path=new`, { body: 'x' })).status, 507)
    await makeRoom(t, desk, what)
    t.is((await desk.ask('PUT', `${BRIDGE_PATHS.files}?path=new`, { body: 'x' })).status, 201)
    await eventually('there is room', async () => !(await whats(desk)).includes('full'), { seconds: 60 })
    t.is((await desk.stop()).code, 0)
  })

  test.serial(
    `a home that was used, without ${what} left: a desktop starts, and nothing of it ends`,
    async (t) => {
      t.timeout(180_000)
      const used = `${LAID} && mkdir -p .config/xfce4/xfconf/xfce-perchannel-xml .local/share .local/state/deskfleet/sessions`
      const desk = await fullHome(t, what, used)
      await desk.becomes('ready')
      await isSeen(desk)
      await eventually('it is told', async () => (await whats(desk)).includes('full'), { seconds: 60 })
      t.deepEqual(await whats(desk), ['full', 'unmade'])
      t.is((await desk.run('pidof', 'xfce4-panel')).code, 0)
      t.notRegex(await desk.log(), /a part of the desktop ended/)
      t.is((await desk.stop()).code, 0)
    },
  )

  test.serial(
    `a home without ${what} left for its lock: files are given, and it starts when there is room`,
    async (t) => {
      t.timeout(180_000)
      const desk = await fullHome(t, what, ':')
      await eventually('it is told', async () => (await stateOf(desk)).obstacle === 'full')
      t.like(await stateOf(desk), { phase: 'waiting', generation: null })
      const listed = (await desk.ask('GET', `${BRIDGE_PATHS.files}?path=`)).json.entries
      t.true(Array.isArray(listed) && listed.some(({ name }) => name === 'big'))
      t.is((await desk.ask('PUT', `${BRIDGE_PATHS.files}?path=new`, { body: 'x' })).status, 503)
      await makeRoom(t, desk, what)
      await desk.becomes('ready')
      t.is((await desk.stop()).code, 0)
    },
  )
}
