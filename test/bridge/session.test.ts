import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { clearStaleLocks, showShared } from '../../bridge/session/belongings.ts'
import { type Life, nextLife } from '../../bridge/session/lives.ts'
import { authorityFile, environmentOf, MARK, placesIn, xServer } from '../../bridge/session/plan.ts'
import { signalMarked } from '../../bridge/session/processes.ts'
import { readSettings, type Settings } from '../../bridge/settings.ts'
import { CLIPBOARD } from '../../config/clipboard.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { eventually } from '../harness/wait.ts'

const ENV = {
  HOME: '/home/ada',
  USER: 'ada',
  DESKFLEET_ENTRY_UUID: '11111111-2222-3333-4444-555555555555',
  DESKFLEET_POD: 'pod',
}

function settings(more: Record<string, string> = {}): Settings {
  const read = readSettings({ ...ENV, ...more })
  if ('faults' in read) throw new Error(read.faults.join('\n'))
  return read.settings
}

test('settings have defaults, and every fault is said with its variable', (t) => {
  t.like(settings(), { port: 8443, screen: '1280x800', keyboard: 'us', run: '/run/desktop' })
  const read = readSettings({ HOME: 'here', DESKFLEET_SCREEN: 'big', DESKFLEET_KEYBOARD: 'de; rm' })
  t.deepEqual('faults' in read && read.faults.map((fault) => fault.split(' ')[0]).sort(), [
    'DESKFLEET_ENTRY_UUID',
    'DESKFLEET_KEYBOARD',
    'DESKFLEET_POD',
    'DESKFLEET_SCREEN',
    'HOME',
    'USER',
  ])
})

test('Xvnc listens on no TCP port and takes nobody but the person', (t) => {
  const { args } = xServer(settings(), placesIn('/run/desktop'))
  const text = args.join(' ')
  // What is only marked is neither sent nor taken; seen on a real Xvnc in test/gateway/browser.lab.test.ts.
  for (const part of ['-SendPrimary=0', '-SetPrimary=0']) t.true(args.includes(part), part)
  t.true(args.includes(`-MaxCutText=${CLIPBOARD.message}`))
  for (const part of ['-rfbport -1', '-nolisten tcp', '-rfbunixmode 0600', '-SecurityTypes None', '-auth '])
    t.true(text.includes(part), part)
})

test('programs of the session learn nothing of the bridge, and an unknown language is plain UTF-8', (t) => {
  const places = placesIn('/run/desktop')
  const env = environmentOf(settings({ LANG: 'de_DE.UTF-8' }), places, 'mark', ['C.utf8', 'de_DE.utf8'])
  t.is(env.LANG, 'de_DE.UTF-8')
  t.is(environmentOf(settings({ LANG: 'xx_XX.UTF-8' }), places, 'mark', ['C.utf8']).LANG, 'C.UTF-8')
  t.deepEqual(
    Object.entries(env).filter(
      ([name, value]) => (/^DESKFLEET/.test(name) && name !== MARK) || /secret|token/i.test(value),
    ),
    [],
  )
})

test('a session that ends is started later each time, then without the settings of the home, and that is told', (t) => {
  const died = (how: Partial<Life> = {}): Life => ({
    lasted: 2_000,
    ready: false,
    by: 'xfce4-session',
    how: 'xfce4-session ended (code 1)',
    ...how,
  })
  const lives = (count: number, how?: Partial<Life>) => Array.from({ length: count }, () => died(how))
  const pauses = Array.from({ length: 20 }, (_, failed) => nextLife(lives(failed + 1)).pause)
  t.deepEqual(pauses.slice(0, 5), [200, 400, 800, 1_600, 3_200])
  t.deepEqual(pauses.slice(-2), [60_000, 60_000])
  t.deepEqual(nextLife(lives(1)), { pause: 200, bare: false })
  t.deepEqual(nextLife(lives(2)), { pause: 400, bare: true })
  t.is(nextLife(lives(3)).failed, 3)
  // No settings of a home end the X server.
  t.false(nextLife(lives(4, { by: 'Xvnc' })).bare)
  t.false(nextLife([died(), died({ by: 'Xvnc' })]).bare)
  // One that was seen and ends at once is no better; one that was good for long clears what was before.
  t.is(nextLife(lives(3, { ready: true })).failed, 3)
  t.deepEqual(nextLife([...lives(9), died({ ready: true, lasted: 60_000 })]), { pause: 200, bare: false })
  t.is(nextLife([...lives(9), died({ lasted: 60_000 })]).failed, 10, 'one that never came up was not good')
})

test('an Xauthority file has one entry, for any host', (t) => {
  t.is(
    authorityFile(Buffer.from('0123456789abcdef')).toString('latin1'),
    '\xff\xff\0\0\0\x011\0\x12MIT-MAGIC-COOKIE-1\0\x100123456789abcdef',
  )
})

test('every process with the mark gets the signal, an orphan too, and no other', async (t) => {
  const start = (mark: string) =>
    spawn('sh', ['-c', 'sleep 60 & echo $!; wait'], {
      env: { PATH: process.env.PATH, [MARK]: mark },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  const [ours, other] = [start('one'), start('other')]
  const [grandchild, innocent] = await Promise.all([ours, other].map((child) => once(child.stdout, 'data')))
  const ended = once(ours, 'exit')
  t.is(signalMarked('one', 'SIGKILL'), 2)
  await ended
  const alive = (pid: number): boolean => {
    try {
      // A zombie counts as dead: its first process may not have taken notice yet.
      return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    } catch {
      return false
    }
  }
  // It was signalled before; on another core it may take a moment to end.
  t.true(await eventually('the grandchild is gone', () => !alive(Number(grandchild)), { every: 10 }))
  t.true(alive(Number(innocent)))
  t.is(other.exitCode, null)
  signalMarked('other', 'SIGKILL')
})

test('locks of browsers go, whatever they point at stays', async (t) => {
  const home = temporaryFolder()
  const profile = join(home, '.mozilla/firefox/abc.default')
  mkdirSync(profile, { recursive: true })
  mkdirSync(join(home, '.config/chromium'), { recursive: true })
  writeFileSync(join(home, 'precious'), 'kept')
  symlinkSync(join(home, 'precious'), join(profile, 'lock'))
  writeFileSync(join(profile, '.parentlock'), '')
  writeFileSync(join(profile, 'places.sqlite'), 'kept')
  symlinkSync('desktop-17', join(home, '.config/chromium/SingletonLock'))
  t.is((await clearStaleLocks(home)).length, 3)
  t.is(readFileSync(join(home, 'precious'), 'utf8'), 'kept')
  t.true(existsSync(join(profile, 'places.sqlite')))
  t.throws(() => lstatSync(join(home, '.config/chromium/SingletonLock')))
  t.deepEqual(await clearStaleLocks(home), [])
})

test('the shared folder is shown once, and never over something that the person has', async (t) => {
  const home = temporaryFolder()
  const shared = temporaryFolder()
  mkdirSync(join(home, '.deskfleet'))
  mkdirSync(join(home, '.config/gtk-3.0'), { recursive: true })
  mkdirSync(join(home, 'Desktop'))
  writeFileSync(join(home, 'Desktop/Shared'), 'a file of mine')
  writeFileSync(join(home, '.config/gtk-3.0/bookmarks'), 'file:///home/ada/Music')
  await showShared(home, shared)
  t.is(readFileSync(join(home, 'Desktop/Shared'), 'utf8'), 'a file of mine')
  const bookmarks = () => readFileSync(join(home, '.config/gtk-3.0/bookmarks'), 'utf8')
  t.is(bookmarks(), `file:///home/ada/Music\nfile://${shared} Shared\n`)
  writeFileSync(join(home, '.config/gtk-3.0/bookmarks'), '')
  unlinkSync(join(home, 'Desktop/Shared'))
  await showShared(home, shared)
  t.is(bookmarks(), '')
  t.false(existsSync(join(home, 'Desktop/Shared')))
})

test('a room without a shared folder shows none, until there is one', async (t) => {
  const home = temporaryFolder()
  mkdirSync(join(home, '.deskfleet'))
  await showShared(home, join(home, 'nowhere'))
  t.false(existsSync(join(home, 'Desktop')))
  const shared = temporaryFolder()
  await showShared(home, shared)
  t.is(readlinkSync(join(home, 'Desktop/Shared')), shared)
})
