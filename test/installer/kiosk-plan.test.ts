import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { makeAuthority } from '../../lab/bare/certificates.ts'
import { readPlaces } from '../../lab/room/host-files.ts'

/** What is done about a PC's own screen, as functions of words and texts. */

const installer = join(import.meta.dirname, '../../installer')
const folder = join(installer, 'kiosk')
const read = (file: string): string => readFileSync(join(folder, file), 'utf8')

function shell(call: string, input = '', file = 'steps/kiosk.sh'): string {
  const script = `here=$0; . "$here/doing.sh"; . "$here/${file}"; ${call}`
  const { status, stdout, stderr } = spawnSync('sh', ['-euc', script, installer], { input, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout.trim()
}
/** Functions of a script that is run as it is: read without its end, which would do something. */
function betweenSessions(call: string): string {
  const script = read('between-sessions').split('\ncase $')[0]
  const { status, stdout, stderr } = spawnSync('sh', ['-euc', `${script}\n${call}`], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout.trim()
}

const VERDICTS = [
  ['a PC with a screen shows the login', 'auto yes no yes', /^on$/],
  ['a PC without one does not', 'auto no no yes', /^none no screen is attached/],
  ['… but where it is asked to', 'yes no no yes', /^on$/],
  ['a screen that is switched off for the moment takes nothing away', 'auto no yes yes', /^on$/],
  ['nobody who asks for nothing is refused for an old answer file', 'auto yes no no', /^none .* no door/],
  ['who asks for it needs to say what the room is called', 'yes yes no no', /^refuse .*\| .*node-config/],
  ['without an answer file what is there is kept', 'auto yes yes no', /^keep$/],
  ['… and is no reason to refuse', 'yes no yes no', /^keep$/],
  ['where it is not wanted it is removed', 'no yes yes yes', /^off$/],
  ['… and once it is gone there is nothing to do', 'no yes no yes', /^none it is not wanted/],
] as const
for (const [what, words, verdict] of VERDICTS)
  test(what, (t) => t.regex(shell(`judge_kiosk ${words}`), verdict))

test('what is kept free of memory is what the kubelet leaves and what the slice holds', (t) => {
  for (const [mib, kept] of [
    [1950, 640],
    [7800, 1024],
  ] as const) {
    t.regex(shell(`slice_text ${mib}`), new RegExp(`^MemoryMin=${kept}M$`, 'm'))
    t.regex(shell(`reserve_text ${mib}`), new RegExp(`^ {2}memory: ${kept}Mi$`, 'm'))
  }
})

test('a keyboard is written as Debian reads it', (t) => {
  t.regex(shell('keyboard_text de'), /^XKBLAYOUT="de"\nXKBVARIANT=""$/m)
  t.regex(shell("keyboard_text 'ch(fr)'"), /^XKBLAYOUT="ch"\nXKBVARIANT="fr"$/m)
})

test('authorities become what Chromium’s policy wants, each a line, and what is none becomes nothing', async (t) => {
  const [one, other] = [(await makeAuthority('one')).certificate, (await makeAuthority('other')).certificate]
  const lines = shell('policy_authorities', `${one}\nsomething else\n${other}\n`).split('\n')
  t.deepEqual(
    lines,
    [one, other].map((pem) => pem.replace(/-----.*-----|\s/g, '')),
  )
  t.is(shell('policy_authorities', 'no certificate'), '')
})

test('templates become files that say what the answers say, and no mark is left', async (t) => {
  const pem = `${(await makeAuthority('one')).certificate}\n${(await makeAuthority('next')).certificate}\n`
  const filled = (file: string, authority = Buffer.from(pem).toString('base64')): string =>
    shell(
      `door=desk.example.org:8443 idle_minutes=7 language=de_CH door_ca='${authority}'; filled_in`,
      read(file),
    )
  for (const { name } of readPlaces(join(folder, 'templates'))) t.notRegex(filled(name), /@[a-z-]+@/, name)
  const policy = JSON.parse(filled('policy.json'))
  t.is(policy.CACertificates.length, 2)
  t.deepEqual(JSON.parse(filled('policy.json', '')).CACertificates, [])
  t.true(policy.URLAllowlist.includes('https://desk.example.org:8443'))
  t.deepEqual(JSON.parse(filled('extension/manifest.json')).host_permissions, [
    'https://*.desk.example.org:8443/*',
  ])
  t.is(filled('environment'), 'LANGUAGE=de_CH\nDESKFLEET_IDLE_SECONDS=420')
})

test('the policy forbids what leads out of the room, and nothing turns the sandbox off', (t) => {
  const policy = JSON.parse(read('policy.json'))
  t.like(policy, {
    SSLErrorOverrideAllowed: false,
    DeveloperToolsAvailability: 2,
    RemoteDebuggingAllowed: false,
    BlockExternalExtensions: true,
    DownloadRestrictions: 3,
    AllowFileSelectionDialogs: false,
    PasswordManagerEnabled: false,
    IncognitoModeAvailability: 1,
    SyncDisabled: true,
  })
  t.deepEqual(Object.values(policy.ExtensionSettings), [{ installation_mode: 'blocked' }])
  t.true(['*', 'file://*', 'chrome://*'].every((one) => policy.URLBlocklist.includes(one)))
  for (const file of ['session', 'deskfleet-kiosk.service', 'environment'])
    t.notRegex(
      read(file),
      /no-sandbox|disable-setuid-sandbox|disable-namespace-sandbox|disable-web-security/,
      file,
    )
})

test('the policy knows our own extension by the name that its key gives it', async (t) => {
  const { key } = JSON.parse(read('extension/manifest.json'))
  const digest = await crypto.subtle.digest('SHA-256', Buffer.from(key, 'base64'))
  const id = Buffer.from(digest)
    .toString('hex')
    .slice(0, 32)
    .replace(/./g, (sign) => String.fromCharCode(97 + Number.parseInt(sign, 16)))
  t.deepEqual([...new Set(read('policy.json').match(/[a-p]{32}/g))], [id])
})

test('every file of the screen is laid somewhere, and each only once', (t) => {
  const places = ['places', 'templates'].flatMap((list) => [...readPlaces(join(folder, list))])
  const targets = places.map(({ to }) => to)
  t.is(new Set(targets).size, targets.length)
  for (const { name } of places) t.true(read(name).length > 0, name)
})

test('a screen that fails again and again waits longer each time, and a session that ends well forgets it', (t) => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 7, 40].map((failures) =>
    Number(betweenSessions(`wait_after ${failures}`)),
  )
  t.deepEqual(waits, [0, 1, 2, 4, 8, 15, 30, 60, 60])
  t.is(betweenSessions('failures_now 3 exit-code 2'), '4')
  t.is(betweenSessions('failures_now 3 exit-code 900'), '1', 'it was well in between')
  t.is(betweenSessions('failures_now 3 success 20'), '0')
  t.is(betweenSessions('failures_now 3 success 1'), '4', 'nobody logs out so early')
})

test('a screen that does not come up says so in plain words, and later for whom to tell', (t) => {
  t.is(betweenSessions('words 0 0'), 'One moment, please. The login is coming.')
  t.regex(betweenSessions('words 1 1'), /starts again by itself in 1 s\. Your desktop keeps running/)
  t.notRegex(betweenSessions('words 1 1'), /journalctl/)
  t.regex(
    betweenSessions('words 5 15'),
    /tell whoever looks after the room[\s\S]*journalctl -u deskfleet-kiosk/,
  )
})

test('only a screen with very small points is drawn twice as large', (t) => {
  const scale = (text: string): string =>
    spawnSync('awk', ['-f', join(folder, 'scale.awk')], { input: text, encoding: 'utf8' }).stdout.trim()
  const screen = (name: string, mm: string, mode: string): string =>
    `${name} "Maker Model"\n  Make: Maker\n  Physical size: ${mm} mm\n  Enabled: yes\n  Modes:\n    1024x768 px, 60.0 Hz\n    ${mode} px, 59.9 Hz (preferred, current)\n  Position: 0,0\n`
  t.is(scale(screen('DP-1', '530x300', '1920x1080')), '')
  t.is(scale(screen('DP-1', '600x340', '3840x2160')), 'DP-1 2')
  t.is(scale(screen('eDP-1', '290x170', '2880x1800')), 'eDP-1 2')
  t.is(scale(screen('HDMI-A-1', '0x0', '3840x2160')), '', 'one that does not say how large it is')
  t.is(scale(screen('DP-1', '530x300', '1920x1080') + screen('DP-2', '600x340', '3840x2160')), 'DP-2 2')
})

test('the page that stands in for the room has the colours of the room’s own', (t) => {
  const room = readFileSync(join(installer, '../gateway/browser/style.css'), 'utf8')
  const colours = read('extension/wait.css').match(/^ {2}--\S+: light-dark\(.*\);$/gm) ?? []
  t.true(colours.length > 3)
  for (const colour of colours) t.true(room.includes(`${colour}\n`), colour)
})
