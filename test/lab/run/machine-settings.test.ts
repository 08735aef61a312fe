import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import {
  held,
  holdersOfSettings,
  holdMachineSettings,
  machineSettings,
  released,
  releaseMachineSettings,
} from '../../../lab/run/machine-settings.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

const ORIGINAL = { 'kernel/panic': '0', 'fs/inotify/max_user_instances': '128' }
const anywhere = (): boolean => true

test('the first run saves what was, and whoever comes later does not', (t) => {
  const first = held(undefined, 'one', ORIGINAL, 'boot')
  t.deepEqual(first, { boot: 'boot', settings: ORIGINAL, holders: ['one'] })
  const second = held(first, 'two', { 'kernel/panic': '10' }, 'boot')
  t.deepEqual(second, { boot: 'boot', settings: ORIGINAL, holders: ['one', 'two'] })
  t.deepEqual(held(second, 'one', {}, 'boot').holders, ['two', 'one'])
})

test('what was saved before another boot means nothing', (t) => {
  const old = held(undefined, 'one', ORIGINAL, 'before')
  t.deepEqual(held(old, 'two', { 'kernel/panic': '3' }, 'now').settings, { 'kernel/panic': '3' })
  t.deepEqual(released(old, 'one', 'now', anywhere), { restore: {} })
})

test('the last to go puts them back, and nobody before', (t) => {
  const both = { boot: 'boot', settings: ORIGINAL, holders: ['one', 'two'] }
  const left = released(both, 'one', 'boot', anywhere)
  t.deepEqual(left, { keep: { ...both, holders: ['two'] } })
  t.deepEqual(released({ ...both, holders: ['two'] }, 'two', 'boot', anywhere), { restore: ORIGINAL })
})

test('a run whose folder is gone without a word holds nothing', (t) => {
  const saved = { boot: 'boot', settings: ORIGINAL, holders: ['removed by hand', 'two'] }
  t.deepEqual(
    released(saved, 'two', 'boot', (run) => run === 'two'),
    { restore: ORIGINAL },
  )
})

/** A folder of runs and a stand-in for /proc/sys, with settings as a machine has them before any room. */
function machine() {
  const [folder, sys] = [temporaryFolder(), temporaryFolder()]
  const set = (setting: string, value: string): void => {
    mkdirSync(dirname(join(sys, setting)), { recursive: true })
    writeFileSync(join(sys, setting), value)
  }
  set('kernel/panic', '0\n')
  set('vm/overcommit_memory', '0\n')
  set('fs/inotify/max_user_instances', '128\n')
  set('fs/inotify/max_user_watches', '1000000\n')
  const place = { sys, boot: 'boot' }
  return {
    folder,
    set,
    now: () => machineSettings(sys),
    async begin(run: string) {
      mkdirSync(join(folder, run))
      await holdMachineSettings(folder, run, place)
    },
    async end(run: string) {
      await releaseMachineSettings(folder, run, place)
      rmSync(join(folder, run), { recursive: true })
    },
  }
}

test('two rooms, one after the other and across each other: in the end the machine is as it was', async (t) => {
  const { begin, end, now, set, folder } = machine()
  const before = now()
  await begin('one')
  t.is(now()['fs/inotify/max_user_instances'], '1024')
  t.is(now()['fs/inotify/max_user_watches'], '1000000', 'what is enough already stays')
  set('kernel/panic', '10')
  await begin('two')
  set('vm/overcommit_memory', '1')
  await end('one')
  t.is(now()['kernel/panic'], '10', 'the room that is left still needs it')
  t.deepEqual(holdersOfSettings(folder), ['two'])
  await end('two')
  t.deepEqual(now(), before)
  t.false(existsSync(join(folder, 'machine-settings.json')))
})

test('many at once lose nobody, and the first of them saved what was', async (t) => {
  const { begin, end, now, set, folder } = machine()
  const before = now()
  const runs = Array.from({ length: 8 }, (_, index) => `run-${index}`)
  await Promise.all(
    runs.map(async (run) => {
      await begin(run)
      set('kernel/panic', '10')
    }),
  )
  t.deepEqual([...holdersOfSettings(folder)].sort(), runs)
  await Promise.all(runs.slice(1).map(end))
  t.is(now()['kernel/panic'], '10')
  await end('run-0')
  t.deepEqual(now(), before)
})

test('a crash between saving and putting back is mended by whoever ends the run', async (t) => {
  const { begin, end, now, set, folder } = machine()
  const before = now()
  await begin('killed')
  set('kernel/panic', '10')
  // Its folder is still there, so a room that begins and ends meanwhile leaves the settings alone.
  await begin('other')
  await end('other')
  t.is(now()['kernel/panic'], '10')
  await end('killed')
  t.deepEqual(now(), before)
  // Ended twice, as after a crash between the two halves of an end: nothing happens.
  set('kernel/panic', '7')
  await releaseMachineSettings(folder, 'killed', { boot: 'boot' })
  t.is(now()['kernel/panic'], '7')
})

test('a file that is damaged or of an older lab does not keep a room from ending', async (t) => {
  const { end, folder } = machine()
  mkdirSync(join(folder, 'one'))
  writeFileSync(join(folder, 'machine-settings.json'), '{"kernel/panic":"0"}')
  await end('one')
  t.is(readFileSync(join(folder, 'machine-settings.json'), 'utf8'), '{"kernel/panic":"0"}')
})
