import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { NAMESPACES } from '../../config/names.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { sharedLab } from '../harness/lab.ts'
import { deskfleet } from '../harness/platform.ts'
import { becomes, eventually } from '../harness/wait.ts'
import { type Browser, newBrowser } from './browser.ts'
import { type OwnGateway, ownGateway } from './own-gateway.ts'
import { PASSWORD, person } from './people.ts'
import { clear } from './room.ts'

/** Helpers give one-time passwords on their page, against a real slapd; names are new each time, for passwords change. */

let lab: BareLab
let first: OwnGateway
let second: OwnGateway
const run = Date.now().toString(36)
const [HELGA, HEINZ, ADA, BOB, CHIEF, GUESSED] = ['helga', 'heinz', 'ada', 'bob', 'chief', 'guessed'].map(
  (name) => `he-${name}-${run}`,
) as [string, string, string, string, string, string]
let helga: Browser

test.before(async () => {
  lab = await sharedLab()
  for (const login of [ADA, BOB, GUESSED]) await person(lab, login)
  await person(lab, CHIEF, ['administrators'])
  for (const login of [HELGA, HEINZ]) await person(lab, login, ['helpers'])
  ;[first, second] = await Promise.all([ownGateway(lab, 'helping-1'), ownGateway(lab, 'helping-2')])
  helga = newBrowser(first.origin)
  if ((await helga.login(HELGA, PASSWORD)).status !== 303) throw new Error('the helper was not let in')
})

test.after.always(async () => {
  await Promise.all([first?.end(), second?.end()])
  await clear(lab)
})

const ask = (login: string, password = PASSWORD, browser = helga) =>
  browser.post('/helping', { login, password })
const shownIn = (text: string): string => /<code[^>]*>([^<]*)<\/code>/.exec(text)?.[1] ?? ''
const counted = async (result: string): Promise<number> => {
  const text = await (await fetch(`${first.metrics}/metrics`)).text()
  const line = new RegExp(`^deskfleet_gateway_one_time_passwords_total\\{result="${result}"\\} (\\d+)$`, 'm')
  return Number(line.exec(text)?.[1] ?? 0)
}
const log = (): string => readFileSync(join(lab.dir, 'gateway-helping-1.log'), 'utf8')

test.serial('the page and the way to it are for helpers alone', async (t) => {
  t.regex((await helga.get('/password')).text, /href="\/helping"/)
  t.is((await helga.get('/helping')).status, 200)
  for (const login of [ADA, CHIEF]) {
    const browser = newBrowser(first.origin)
    await browser.login(login, PASSWORD)
    t.notRegex((await browser.get('/password')).text, /href="\/helping"/)
    t.is((await browser.get('/helping')).status, 403)
    t.is((await ask(BOB, PASSWORD, browser)).status, 403)
  }
  t.is((await newBrowser(first.origin).get('/helping')).headers.location, '/login')
})

test.serial('a form from elsewhere, or without the token of this session, does nothing', async (t) => {
  const fields = { login: BOB, password: PASSWORD }
  t.is((await helga.post('/helping', fields, { origin: 'https://evil.example' })).status, 403)
  t.is((await helga.post('/helping', { ...fields, token: 'another' })).status, 403)
  t.is((await newBrowser(first.origin).login(BOB, PASSWORD)).status, 303)
})

test.serial(
  'somebody gets a one-time password, by which they choose their own and nothing else',
  async (t) => {
    const before = newBrowser(second.origin)
    await before.login(ADA, PASSWORD)
    const answer = await ask(ADA)
    t.is(answer.status, 200)
    t.is(answer.headers['cache-control'], 'no-store')
    const given = shownIn(answer.text)
    t.regex(given, /^[a-z2-9]{5}(-[a-z2-9]{5}){3}$/)
    await eventually('they are logged out', async () => (await before.get('/password')).status === 303)
    t.is((await newBrowser(second.origin).login(ADA, PASSWORD)).status, 401)

    const browser = newBrowser(second.origin)
    const asked = await browser.login(ADA, given)
    t.is(asked.status, 200)
    t.regex(asked.text, /Choose your own password/)
    t.is(browser.cookie, '', 'no session begins')
    t.is((await browser.get('/desktop')).headers.location, '/login')

    const choose = (password: string, after: string, again = after, headers = {}) =>
      browser.post('/login/password', { login: ADA, before: password, after, again }, headers)
    const own = `an entirely new one ${run}`
    t.regex((await choose(given, own, 'different')).text, /not the same/)
    t.regex((await choose(given, given)).text, /is the old one/)
    t.is((await choose('not what was given', own)).status, 401)
    t.regex((await choose(given, 'short')).text, /too short, with 5 characters/)
    t.is((await choose(given, own, own, { origin: 'https://evil.example' })).status, 403)
    t.is((await choose(given, own)).headers.location, '/login?after=changed')
    t.is((await browser.login(ADA, given)).status, 401)
    t.is((await browser.login(ADA, own)).status, 303)
    t.is(await counted('given'), 1)
    t.regex(
      log(),
      new RegExp(`"helper":"${HELGA}","slug":"${ADA}","msg":"a helper gave a one-time password"`),
    )
    t.false(log().includes(given))
  },
)

test.serial('whom a helper may not help, each in plain words, and their passwords stay', async (t) => {
  for (const [login, says, result] of [
    [CHIEF, /You may not give this person a password/, 'notAllowed'],
    [HEINZ, /You may not give this person a password/, 'notAllowed'],
    [HELGA, /This is your own login/, undefined],
    [`nobody-${run}`, /Nobody here has the login/, 'nobody'],
    ['*', /Nobody here has the login/, 'nobody'],
  ] as const) {
    const before = result === undefined ? 0 : await counted(result)
    const answer = await ask(login)
    t.is(answer.status, 422, login)
    t.regex(answer.text, says)
    if (result !== undefined) t.is(await counted(result), before + 1)
  }
  for (const login of [CHIEF, HEINZ])
    t.is((await newBrowser(first.origin).login(login, PASSWORD)).status, 303)
})

test.serial('who is locked, in the cluster or in LDAP, gets none and stays locked', async (t) => {
  const lock = (...more: string[]) => deskfleet(lab, 'people', 'lock', BOB, ...more)
  t.is((await lock()).code, 0)
  await becomes('what is said', async () => /account is locked/.test((await ask(BOB)).text), true)
  t.is((await deskfleet(lab, 'people', 'unlock', BOB)).code, 0)
  await eventually(
    'they may log in',
    async () => (await newBrowser(first.origin).login(BOB, PASSWORD)).status === 303,
  )
})

test.serial('who is a helper no more may do nothing, with the page still open', async (t) => {
  const heinz = newBrowser(first.origin)
  await heinz.login(HEINZ, PASSWORD)
  t.is((await heinz.get('/helping')).status, 200)
  t.is((await deskfleet(lab, 'groups', 'members', 'helpers', '--remove', HEINZ)).code, 0)
  // slapd at once; the page when the cluster knows.
  t.true([403, 422].includes((await ask(BOB, PASSWORD, heinz)).status))
  await eventually('the page is gone', async () => (await heinz.get('/helping')).status === 403)
  t.is((await newBrowser(first.origin).login(BOB, PASSWORD)).status, 303)
})

test.serial(
  'whoever guesses a helper’s password at a desk that was left waits, with the right one too',
  async (t) => {
    const statuses: number[] = []
    for (let count = 0; count < 6; count++) statuses.push((await ask(GUESSED, `guess ${count}`)).status)
    t.deepEqual(statuses, [422, 422, 422, 422, 422, 429])
    t.is((await ask(GUESSED)).status, 429)
    t.true((await counted('throttled')) >= 2)
    t.is((await newBrowser(first.origin).login(GUESSED, PASSWORD)).status, 303)
    t.is((await newBrowser(second.origin).login(HELGA, PASSWORD)).status, 303, 'nobody else waits')
  },
)

test.serial('the gateway’s own account has no password but the reader’s', async (t) => {
  const kubeconfig = await lab.actAs(NAMESPACES.system, 'gateway')
  const may = await lab.run(['auth', 'can-i', 'get', 'secrets/ldap-admin', '-n', NAMESPACES.directory], {
    kubeconfig,
  })
  t.is(may.stdout.trim(), 'no')
})
