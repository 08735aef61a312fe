import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { lookAtPlaces, unusableIn } from '../../../bridge/home/places.ts'
import { settle } from '../../../bridge/session/belongings.ts'
import { placesIn } from '../../../bridge/session/plan.ts'
import { readSettings, type Settings } from '../../../bridge/settings.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

function settingsFor(home: string): Settings {
  const read = readSettings({
    HOME: home,
    USER: 'ada',
    DESKFLEET_ENTRY_UUID: '11111111-2222-3333-4444-555555555555',
    DESKFLEET_POD: 'pod',
  })
  if ('faults' in read) throw new Error(read.faults.join('\n'))
  return read.settings
}

function run() {
  const places = placesIn(temporaryFolder())
  mkdirSync(places.cache)
  return places
}

test('folders that are missing are made, closed to others', async (t) => {
  const home = temporaryFolder()
  t.deepEqual(unusableIn(await lookAtPlaces(home)), [])
  for (const place of [
    '.config/xfce4/xfconf/xfce-perchannel-xml',
    '.local/share',
    '.local/state/deskfleet/sessions',
  ])
    t.is(lstatSync(join(home, place)).mode & 0o777, 0o700, place)
  const places = run()
  t.deepEqual(await settle(settingsFor(home), places, await lookAtPlaces(home), false), {})
  t.is(readlinkSync(join(places.cache, 'sessions')), join(home, '.local/state/deskfleet/sessions'))
})

test('what stands in place of a folder is named by the first place where it does, once', async (t) => {
  const home = temporaryFolder()
  symlinkSync('/nowhere/local', join(home, '.local'))
  mkdirSync(join(home, '.config'))
  writeFileSync(join(home, '.config/xfce4'), 'a file')
  t.deepEqual(unusableIn(await lookAtPlaces(home)), [
    { what: 'blocked', place: '.config/xfce4' },
    { what: 'blocked', place: '.local' },
  ])
  t.is(readFileSync(join(home, '.config/xfce4'), 'utf8'), 'a file', 'nothing of the person is touched')
})

test('a link to a folder is as good as one', async (t) => {
  const home = temporaryFolder()
  symlinkSync(temporaryFolder(), join(home, '.config'))
  symlinkSync('round', join(home, 'round'))
  symlinkSync('round', join(home, '.local'))
  t.deepEqual(unusableIn(await lookAtPlaces(home)), [{ what: 'blocked', place: '.local' }])
})

test('a folder that stands in shows what is there, and takes what is new', async (t) => {
  const home = temporaryFolder()
  const channel = '.config/xfce4/xfconf/xfce-perchannel-xml'
  mkdirSync(join(home, channel), { recursive: true })
  mkdirSync(join(home, '.config/libreoffice'))
  writeFileSync(join(home, channel, 'xfwm4.xml'), 'mine')
  const found = {
    config: { what: 'foreign', place: '.config/xfce4' },
    data: undefined,
    sessions: undefined,
  } as const
  const places = run()
  const { config = '' } = await settle(settingsFor(home), places, found, false)
  t.true(config.startsWith(places.standIns))
  t.is(readlinkSync(join(config, 'libreoffice')), join(home, '.config/libreoffice'), 'kept as ever')
  const inner = join(config, 'xfce4/xfconf/xfce-perchannel-xml')
  t.is(readFileSync(join(inner, 'xfwm4.xml'), 'utf8'), 'mine')
  writeFileSync(join(inner, 'new.xml'), 'x')
  t.throws(() => lstatSync(join(home, channel, 'new.xml')))
  // Another life of the same session finds what the one before has changed.
  await settle(settingsFor(home), places, found, false)
  t.is(readFileSync(join(inner, 'new.xml'), 'utf8'), 'x')
})

test('a bare session has nothing of the home’s settings, and notes nothing there', async (t) => {
  const home = temporaryFolder()
  const places = run()
  await settle(settingsFor(home), places, await lookAtPlaces(home), false)
  const { config = '', data = '' } = await settle(settingsFor(home), places, await lookAtPlaces(home), true)
  t.true(config.startsWith(places.bare) && data.startsWith(places.bare))
  t.true(lstatSync(join(places.cache, 'sessions')).isDirectory())
})

const asOther = process.getuid?.() === 0 ? test.skip : test
asOther('a folder that cannot be written is not the person’s', async (t) => {
  const home = temporaryFolder()
  mkdirSync(join(home, '.local'))
  chmodSync(join(home, '.local'), 0o500)
  t.deepEqual(unusableIn(await lookAtPlaces(home)), [{ what: 'foreign', place: '.local' }])
})
