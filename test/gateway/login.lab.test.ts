import test from 'ava'
import { GATEWAY, NAMESPACES } from '../../config/names.ts'
import { REFUSAL_TIME } from '../../directory/login.ts'
import { addPerson } from '../../directory/people.ts'
import { COOKIE } from '../../gateway/session/cookie.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { must, sharedLab } from '../harness/lab.ts'
import { deskfleet } from '../harness/platform.ts'
import { directoryOf } from '../harness/slapd.ts'
import { eventually } from '../harness/wait.ts'
import { newBrowser, send } from './browser.ts'
import { type OwnGateway, ownGateway } from './own-gateway.ts'
import { PASSWORD, person } from './people.ts'
import { clear } from './room.ts'

/** Logging in, staying in, and being put out, against a real slapd and a real API server, as the gateway's own account. */

let lab: BareLab
let first: OwnGateway
let second: OwnGateway
const [ADA, BOB, EVE, ROOT, GUESSED, GONE, CHANGER] = [
  'lg-ada',
  'lg-bob',
  'lg-eve',
  'lg-root',
  `lg-guessed-${Date.now().toString(36)}`,
  'lg-gone',
  `lg-${Date.now().toString(36)}`,
]

test.before(async () => {
  lab = await sharedLab()
  for (const login of [ADA, BOB, EVE, GUESSED, GONE]) await person(lab, login)
  await person(lab, ROOT, ['administrators'])
  ;[first, second] = await Promise.all([ownGateway(lab, 'login-1'), ownGateway(lab, 'login-2')])
})

test.after.always(async () => {
  await Promise.all([first?.end(), second?.end()])
  await clear(lab)
})

test.serial('the right password lets in, at either replica, with a cookie that says nothing', async (t) => {
  const browser = newBrowser(first.origin)
  t.is((await browser.get('/desktop')).headers.location, '/login')
  const answer = await browser.login(ADA, PASSWORD)
  t.is(answer.status, 303)
  t.is(answer.headers.location, '/desktop')
  t.regex(String(answer.headers['set-cookie']), /^__Host-desk=.*; Path=\/; Secure; HttpOnly; SameSite=Strict/)
  const other = newBrowser(second.origin)
  other.cookie = browser.cookie
  t.is((await other.get('/password')).status, 200)
})

test.serial('every failure is one message, and none is told sooner than a wrong password', async (t) => {
  const messages = new Set<string>()
  for (const [login, password] of [
    [ADA, 'wrong-wrong'],
    ['lg-nobody', 'wrong-wrong'],
    ['*', 'wrong-wrong'],
    [`${ADA})(uid=*`, PASSWORD],
    [`uid=${ADA},ou=people`, PASSWORD],
    ['root', 'wrong-wrong'],
  ] as const) {
    const since = performance.now()
    const answer = await newBrowser(first.origin).post('/login', { login, password })
    const took = performance.now() - since
    t.is(answer.status, 401, login)
    t.is(answer.headers['set-cookie'], undefined)
    messages.add(/role="alert">([^<]*)/.exec(answer.text)?.[1] ?? 'none')
    // A busy machine adds to the time and takes nothing from it; a timer may be a millisecond early.
    t.true(took >= REFUSAL_TIME - 2, `${login}: ${took} ms`)
    t.log(`${login}: ${Math.round(took)} ms`)
  }
  t.is(messages.size, 1)
  // The twin: the same browser with the right password.
  t.is((await newBrowser(first.origin).login(ADA, PASSWORD)).status, 303)
})

test.serial('blank passwords, missing, doubled and huge fields never reach the directory', async (t) => {
  const browser = newBrowser(first.origin)
  for (const password of ['', ' ', '\t\n'])
    t.is((await browser.post('/login', { login: BOB, password })).status, 400)
  const raw = (body: string) =>
    send(first.origin, '/login', {
      method: 'POST',
      body,
      headers: { origin: first.origin, 'content-type': 'application/x-www-form-urlencoded' },
    })
  t.is((await raw(`login=${BOB}`)).status, 400)
  t.is((await raw(`login=${BOB}&password=a&password=b`)).status, 400)
  t.is((await raw(`login=${BOB}&password=${'x'.repeat(300)}`)).status, 401, 'longer than any password')
  t.is((await raw(`login=${BOB}&password=${'x'.repeat(20_000)}`)).status, 400)
  t.is((await raw(Array.from({ length: 50 }, (_, i) => `f${i}=1`).join('&'))).status, 400)
  t.is((await browser.login(BOB, PASSWORD)).status, 303)
  t.is((await browser.login(BOB.toUpperCase(), PASSWORD)).status, 303, 'as the keyboards of phones begin')
})

test.serial(
  'guessing: five tries, then even the right password waits, at the other replica as well; others go on',
  async (t) => {
    const statuses: number[] = []
    for (let i = 0; i < 7; i++)
      statuses.push((await newBrowser(first.origin).login(GUESSED, `guess-${i}`)).status)
    t.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429])
    const waiting = await newBrowser(first.origin).login(GUESSED, PASSWORD)
    t.is(waiting.status, 429)
    t.true(Number(waiting.headers['retry-after']) > 200)
    await eventually(
      'the other replica knows',
      async () => (await newBrowser(second.origin).login(GUESSED, PASSWORD)).status === 429,
    )
    // Somebody else from the same address is not kept out.
    t.is((await newBrowser(first.origin).login(EVE, PASSWORD)).status, 303)
  },
)

test.serial('a login form of another origin is refused; so is one without any origin', async (t) => {
  const browser = newBrowser(first.origin)
  const fields = { login: ADA, password: PASSWORD }
  t.is((await browser.post('/login', fields, { origin: 'https://evil.example' })).status, 403)
  t.is((await browser.post('/login', fields, { origin: 'null' })).status, 403)
  t.is((await browser.post('/login', fields, { 'sec-fetch-site': 'cross-site' })).status, 403)
  const body = new URLSearchParams(fields).toString()
  t.is(
    (
      await send(first.origin, '/login', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      })
    ).status,
    403,
  )
  t.is((await browser.post('/login', fields)).status, 303)
})

test.serial('forms need the token of their own session', async (t) => {
  const [ada, bob] = [newBrowser(first.origin), newBrowser(first.origin)]
  await ada.login(ADA, PASSWORD)
  await bob.login(BOB, PASSWORD)
  const right = ada.token
  ada.token = bob.token
  t.is((await ada.post('/desktop/stop', {})).status, 403)
  ada.token = ''
  t.is((await ada.post('/desktop/stop', {})).status, 403)
  ada.token = right
  t.is((await ada.post('/desktop/stop', {})).status, 303)
})

test.serial('log-out ends the session everywhere, also a copy of its cookie; others go on', async (t) => {
  const [here, there] = [newBrowser(first.origin), newBrowser(first.origin)]
  await here.login(ADA, PASSWORD)
  await there.login(ADA, PASSWORD)
  const stolen = newBrowser(second.origin)
  stolen.cookie = here.cookie
  t.is((await stolen.get('/password')).status, 200)
  t.is((await here.post('/logout', {})).headers.location, '/login?after=out')
  t.is(here.cookie, '')
  t.not(here.device, '', 'that browser is known still')
  const replayed = newBrowser(first.origin)
  replayed.cookie = stolen.cookie
  t.is((await replayed.get('/password')).status, 303)
  await eventually('the other replica knows', async () => (await stolen.get('/password')).status === 303)
  t.is((await there.get('/password')).status, 200)
})

test.serial('forged cookies are refused', async (t) => {
  const browser = newBrowser(first.origin)
  await browser.login(ADA, PASSWORD)
  const [name = '', value = ''] = browser.cookie.split(/=(.*)/s)
  t.is(name, COOKIE)
  for (const forged of [
    `${COOKIE}=`,
    `${COOKIE}=x.y.z`,
    `${COOKIE}=${value.slice(0, -6)}AAAAAA`,
    `${COOKIE}=${'a'.repeat(5_000)}`,
    `${COOKIE}=${value}; ${COOKIE}=${value}`,
    `desk=${value}`,
  ]) {
    const stranger = newBrowser(first.origin)
    stranger.cookie = forged
    t.is((await stranger.get('/password')).headers.location, '/login', forged.slice(0, 40))
  }
  t.is((await browser.get('/password')).status, 200)
})

test.serial(
  'who logs in before the room knows them waits, and gets to their desktop by itself',
  async (t) => {
    const login = `lg-new-${Date.now().toString(36)}`
    if (!lab.ldap) throw new Error('the lab has no LDAP')
    const directory = directoryOf(lab.ldap, 'admin')
    await addPerson(directory, { login, name: login, groups: [], shell: '/bin/bash', password: PASSWORD })
    await directory.close()
    const browser = newBrowser(first.origin)
    const early = await browser.login(login, PASSWORD)
    t.is(early.status, 503)
    t.regex(early.text, /not known in this room yet/)
    t.regex(early.text, /http-equiv="refresh" content="3;url=\/desktop"/)
    t.not((await browser.get('/desktop')).headers.location, '/login')
    const other = await browser.get('/password')
    // The room may come to know them at any moment: only while it does not is nothing else theirs.
    if ((await browser.get('/desktop')).status === 503) t.is(other.headers.location, '/login')
    // There is one template for them: it is asked for without another word.
    await eventually('the desktop comes', async () =>
      /data-status=/.test((await browser.get('/desktop')).text),
    )
  },
)

test.serial('a person who is removed from the directory is logged out at once', async (t) => {
  const browser = newBrowser(first.origin)
  t.is((await browser.login(GONE, PASSWORD)).status, 303)
  t.is((await browser.get('/password')).status, 200)
  const begun = Promise.withResolvers<void>()
  const events = send(first.origin, '/desktop/events', {
    headers: { cookie: browser.cookie },
    onHead: begun.resolve,
  })
  await begun.promise
  await must(lab, ['delete', 'identity', GONE])
  // What lasts ends, too.
  t.regex((await events).text, /event: ended/)
  await eventually('the session is nobody’s', async () => (await browser.get('/password')).status === 303)
  const again = await newBrowser(first.origin).login(GONE, PASSWORD)
  t.is(again.status, 503)
  t.regex(again.text, /not known in this room yet/)
})

test.serial(
  'a new password: taken by slapd’s rules, in plain words; every session ends, the old one opens nothing',
  async (t) => {
    const added = await deskfleet(lab, 'people', 'add', CHANGER)
    const old = /only now: (\S+)/.exec(added.stdout)?.[1] ?? ''
    await eventually(
      'they are known',
      async () => (await newBrowser(first.origin).login(CHANGER, old)).status === 303,
    )
    await eventually(
      'they are known at the other replica',
      async () => (await newBrowser(second.origin).login(CHANGER, old)).status === 303,
    )
    const [browser, elsewhere] = [newBrowser(first.origin), newBrowser(first.origin)]
    await browser.login(CHANGER, old)
    await elsewhere.login(CHANGER, old)
    const change = (before: string, after: string, again = after) =>
      browser.post('/password', { before, after, again })
    const fresh = `an entirely new one ${Date.now()}`
    t.regex((await change(old, fresh, 'different')).text, /not the same/)
    t.regex((await change('not the old one', fresh)).text, /not your present password/)
    t.regex((await change(old, 'short')).text, /not taken: it is too short, with 5 characters instead of 10/)
    t.regex((await change(old, 'x'.repeat(257))).text, /not taken: it is too long, with 257 characters/)
    t.is((await change(old, fresh)).headers.location, '/login?after=changed')
    t.is((await elsewhere.get('/password')).status, 303)
    t.is((await newBrowser(second.origin).login(CHANGER, old)).status, 401)
    t.is((await newBrowser(second.origin).login(CHANGER, fresh)).status, 303)
  },
)

test.serial('an administrator logs somebody out everywhere; nobody else sees that page', async (t) => {
  const [admin, ada] = [newBrowser(first.origin), newBrowser(second.origin)]
  await admin.login(ROOT, PASSWORD)
  await ada.login(ADA, PASSWORD)
  t.is((await ada.get('/administration')).status, 403)
  t.is((await ada.post(`/administration/people/${BOB}/logout`, {})).status, 403)
  t.is((await admin.get('/administration')).status, 200)
  t.is((await admin.post(`/administration/people/${ADA}/logout`, {})).status, 303)
  await eventually('ada is out', async () => (await ada.get('/password')).status === 303)
  t.is((await admin.get('/administration/people/..%2f..%2fx')).status, 404)
})

test.serial('every page has the strict headers, unknown names and paths have plain pages', async (t) => {
  const page = await newBrowser(first.origin).get('/login')
  t.regex(
    String(page.headers['content-security-policy']),
    /default-src 'none'; script-src 'self'; style-src 'self'/,
  )
  t.like(page.headers, {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': 'no-store',
    'x-frame-options': 'DENY',
  })
  t.notRegex(page.text, /<script(?![^>]*src=)|style=|onclick/)
  t.is((await send(first.origin, '/login', { headers: { host: 'evil.example' } })).status, 421)
  const css = /href="([^"]+style\.css)"/.exec(page.text)?.[1] ?? ''
  const asset = await send(first.origin, css)
  t.regex(String(asset.headers['cache-control']), /immutable/)
  t.is(
    (await send(first.origin, css.replace(/assets\/[^/]+/, 'assets/other'))).headers['cache-control'],
    'no-store',
  )
  for (const path of [
    '/assets/x/../../settings.ts',
    '/assets/x/%2e%2e/settings.ts',
    '/assets/x/..%2fsettings.ts',
    '/%00',
    '/%ff',
    '//evil.example/',
  ])
    t.true([303, 400, 401, 404].includes((await send(first.origin, path)).status), path)
})

test.serial(
  'when the keys of sessions are emptied, everybody is out, and can log in again at once',
  async (t) => {
    const browser = newBrowser(first.origin)
    await browser.login(ADA, PASSWORD)
    const patch = ['--type=json', '-p', '[{"op":"remove","path":"/data"}]']
    await must(lab, ['patch', 'secret', GATEWAY.sessionsSecret, '-n', NAMESPACES.system, ...patch])
    await eventually('nobody is in', async () => (await browser.get('/password')).status === 303)
    await eventually('both are ready', async () =>
      (await Promise.all([first, second].map(({ metrics }) => fetch(`${metrics}/readyz`)))).every(
        ({ ok }) => ok,
      ),
    )
    t.is((await browser.login(ADA, PASSWORD)).status, 303)
    const other = newBrowser(second.origin)
    other.cookie = browser.cookie
    t.is((await other.get('/password')).status, 200)
  },
)

test.serial('what the gateway’s account may not do, it cannot', async (t) => {
  const kubeconfig = await lab.actAs(NAMESPACES.system, 'gateway')
  const may = async (...what: string[]) =>
    (await lab.run(['auth', 'can-i', ...what], { kubeconfig })).stdout.trim()
  t.is(await may('get', 'secrets', '-n', NAMESPACES.directory), 'no')
  t.is(await may('get', 'secrets/ldap-admin', '-n', NAMESPACES.system), 'no')
  t.is(await may('create', 'pods', '-n', NAMESPACES.desktops), 'no')
  t.is(await may('create', 'pods/exec', '-n', NAMESPACES.desktops), 'no')
  t.is(await may('delete', 'deployments.apps', '-n', NAMESPACES.desktops), 'no')
  t.is(await may('get', 'secrets', '-n', NAMESPACES.desktops), 'yes')
})
