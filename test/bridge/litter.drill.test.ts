import test from 'ava'
import { BRIDGE_PATHS } from '../../config/names.ts'
import { type Desk, type Desks, startDesks } from '../../lab/desktop/desks.ts'
import { litterIn } from './litter.ts'

/** One kind of litter after the other, each alone in a home: the real image on it. */

type Litter = ReturnType<typeof litterIn>

let desks: Desks
let litter: Litter

test.before(async (t) => {
  t.timeout(3_600_000, 'the first time, images are built')
  desks = await startDesks(`t-litter-${process.pid}`, ['desktop-light'], t.log)
  litter = litterIn(desks)
})

test.after.always(async () => {
  await desks?.down()
})

const stateOf = async (desk: Desk) => (await desk.ask('GET', BRIDGE_PATHS.state)).json

/** What is in the home; what the person is told of it. */
const LITTER: Record<string, readonly [(home: Litter) => void, readonly object[]]> = {
  "root's empty .ICEauthority": [({ rootsFile }) => rootsFile('.ICEauthority'), []],
  'an .ICEauthority that takes nothing': [({ link }) => link('.ICEauthority', '/dev/full'), []],
  "root's .Xauthority and .dbus": [
    ({ rootsFile, rootsFolder }) => {
      rootsFile('.Xauthority')
      rootsFolder('.dbus', 0o700)
    },
    [],
  ],
  "root's .local": [
    ({ rootsFolder }) => rootsFolder('.local', 0o700),
    [{ what: 'foreign', place: '.local' }],
  ],
  'a .local that leads nowhere': [
    ({ link }) => link('.local', '/nowhere/local'),
    [{ what: 'blocked', place: '.local' }],
  ],
  "root's .local/state": [
    ({ rootsFolder }) => rootsFolder('.local/state'),
    [{ what: 'foreign', place: '.local/state' }],
  ],
  "root's .config": [({ rootsFolder }) => rootsFolder('.config'), [{ what: 'foreign', place: '.config' }]],
  "root's closed .config": [
    ({ rootsFolder }) => rootsFolder('.config', 0o700),
    [{ what: 'foreign', place: '.config' }],
  ],
  'a file in place of .config': [({ file }) => file('.config', 'x'), [{ what: 'blocked', place: '.config' }]],
  'a .config that is a device': [
    ({ link }) => link('.config', '/dev/full'),
    [{ what: 'blocked', place: '.config' }],
  ],
  "root's .config/xfce4": [
    ({ rootsFolder }) => rootsFolder('.config/xfce4', 0o700),
    [{ what: 'foreign', place: '.config/xfce4' }],
  ],
  "root's .cache, and a link in place of Desktop": [
    ({ rootsFolder, link }) => {
      rootsFolder('.cache', 0o700)
      link('Desktop', '/nowhere/desktop')
    },
    [],
  ],
  'pipes and devices in place of files': [
    ({ link }) => {
      link('.config/gtk-3.0/bookmarks', '/dev/zero')
      link('.config/user-dirs.dirs', '/dev/zero')
    },
    [],
  ],
}

const CHANNEL = '.config/xfce4/xfconf/xfce-perchannel-xml'
LITTER["root's settings of XFCE"] = [
  ({ rootsFile }) => {
    for (const name of ['xfce4-session', 'xfwm4', 'xfce4-panel'])
      rootsFile(`${CHANNEL}/${name}.xml`, 'closed')
  },
  [],
]
LITTER['settings of XFCE that are none'] = [
  ({ file }) => {
    for (const name of ['xfce4-session', 'xfwm4', 'xfce4-panel']) file(`${CHANNEL}/${name}.xml`, '<none')
  },
  [],
]

for (const [what, [leave, notices]] of Object.entries(LITTER)) {
  test.serial(`a desktop starts beside ${what}`, async (t) => {
    t.timeout(120_000)
    const desk = await litter.seen(() => leave(litter))
    t.deepEqual((await stateOf(desk)).notices, notices)
    t.is((await desk.stop()).code, 0)
  })
}
