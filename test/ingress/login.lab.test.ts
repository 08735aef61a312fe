import { X509Certificate } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import { connect } from 'node:tls'
import test from 'ava'
import type { Browser as Chromium } from 'playwright-core'
import { WebSocket } from 'ws'
import type { Route } from '../../charts/services/route.ts'
import { INGRESS } from '../../config/names.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { launchBrowser } from '../../lab/browser/browser.ts'
import { type Answer, newBrowser } from '../gateway/browser.ts'
import { type OwnGateway, ownGateway } from '../gateway/own-gateway.ts'
import { PASSWORD, person } from '../gateway/people.ts'
import { clear } from '../gateway/room.ts'
import { sharedLab } from '../harness/lab.ts'
import { deskfleet } from '../harness/platform.ts'
import { keepScreen } from '../harness/visitor.ts'
import { eventually } from '../harness/wait.ts'
import { layCertificate, type OwnService, ownIngress, ownService } from './own-ingress.ts'

/** Services behind real nginx with the room's settings, the real gateway in front of them, real slapd and API server. */

const now = Date.now().toString(36)
const [ADA, BOB, CAROL, ROOT] = ['in-ada', `in-bob-${now}`, `in-carol-${now}`, 'in-root']

let lab: BareLab
let gateway: OwnGateway
let service: OwnService
let routes: readonly Route[]
let port = 0
let folder = ''

test.before(async (t) => {
  t.timeout(600_000, 'the first time, nginx and a browser are fetched')
  lab = await sharedLab()
  for (const login of [ADA, BOB]) await person(lab, login)
  for (const login of [ROOT, CAROL]) await person(lab, login, ['administrators'])
  service = await ownService()
  const route = (name: string, more: Partial<Route> = {}): Route => ({
    ...{ name, about: `The ${name} of all`, host: `${name}.localhost`, address: '127.0.0.1' },
    ...{ port: service.port, login: 'people', groups: undefined, ...more },
  })
  routes = [
    route('wiki'),
    route('chat'),
    route('board', { login: 'none' }),
    route('staff', { groups: ['administrators'] }),
    route('away', { port: 9 }),
  ]
  const services = routes.map(({ name, about, host, login, groups }) => ({
    ...{ name, about, host, login },
    ...(groups === undefined ? {} : { groups }),
  }))
  gateway = await ownGateway(lab, 'ingress', {
    services,
    env: { DESKFLEET_ENTRANCE_LISTEN: '127.0.0.1:0' },
  })
  ;({ port, folder } = await ownIngress(lab, 'ingress', routes, gateway.entrancePort ?? 0))
  await eventually('nginx answers', async () => (await ask('board')).status === 200, { seconds: 60 })
})

test.after.always(async () => {
  service?.end()
  await gateway?.end()
  await clear(lab)
})

interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** One request to a service's site, by the ingress. */
const ask = (name: string, path = '/', { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> =>
  new Promise((done, fail) => {
    const host = `${name}.localhost`
    const options = { host: '127.0.0.1', port, path, method, servername: host, agent: false } as const
    const sent = request(
      { ...options, rejectUnauthorized: false, headers: { host, ...headers } },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', fail)
        answer.on('end', () =>
          done({
            ...{ status: answer.statusCode ?? 0, headers: answer.headers },
            text: Buffer.concat(chunks).toString(),
          }),
        )
      },
    )
    sent.on('error', fail)
    sent.end(body)
  })

const cookiesOf = ({ headers }: Answer): string[] =>
  (headers['set-cookie'] ?? []).map((line) => line.split(';')[0] ?? '')
const named = (answer: Answer, name: string): string | undefined =>
  cookiesOf(answer).find((cookie) => cookie.startsWith(`${name}=`) && !cookie.endsWith('='))

/** The way in up to the ticket: the number that the browser was given, and the address with the ticket. */
async function ticketFor(
  login: string,
  name: string,
  path = '/',
): Promise<{ number: string; enter: string }> {
  const start = await ask(name, path)
  const number = named(start, '__Host-entering') ?? ''
  const to = new URL(start.headers.location ?? '')
  const browser = newBrowser(gateway.origin)
  await browser.login(login, PASSWORD)
  const page = await browser.get(`${to.pathname}${to.search}`)
  const address = /url=https:\/\/[^/]+([^"]+)"/.exec(page.text)?.[1] ?? ''
  return { number, enter: address.replaceAll('&amp;', '&') }
}

/** The cookie of that service alone, for somebody who logs in. */
async function passFor(login: string, name: string): Promise<string> {
  const { number, enter } = await ticketFor(login, name)
  return named(await ask(name, enter, { headers: { cookie: number } }), '__Host-service') ?? ''
}

test.serial('who is not logged in is led to the login, and back to the very page', async (t) => {
  const start = await ask('wiki', '/pages/x?a=1&b=2')
  t.is(start.status, 303)
  t.regex(
    String(start.headers['set-cookie']),
    /^__Host-entering=[\w-]{32}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/,
  )
  const to = new URL(start.headers.location ?? '')
  t.is(to.origin, 'https://localhost')
  t.is(to.pathname, '/services/wiki')
  t.is(to.searchParams.get('path'), '/pages/x?a=1&b=2')
  const browser = newBrowser(gateway.origin)
  const away = await browser.get(`${to.pathname}${to.search}`)
  t.is(away.headers.location, '/login')
  const [kept = ''] = cookiesOf(away)
  t.regex(kept, /^__Host-onward=/)
  const let_in = await browser.post('/login', { login: ADA, password: PASSWORD }, { cookie: kept })
  t.is(let_in.headers.location, `${to.pathname}${to.search}`, 'the service, and no desktop is started')
  t.is(service.seen.filter(({ url }) => url.startsWith('/pages')).length, 0)
})

test.serial('a pass lets in to that service, which is told who it is and never shown the pass', async (t) => {
  const pass = await passFor(ADA, 'wiki')
  const forged = {
    'x-forwarded-user': 'root',
    'X-Forwarded-Groups': 'administrators',
    X_Forwarded_User: 'root',
    'x-real-ip': '1.2.3.4',
    forwarded: 'for=1.2.3.4',
  }
  for (const cookie of [pass, `a=1; ${pass}`, `${pass}; b=2`, `a=1; ${pass}; __Host-entering=x; b=2`]) {
    const answer = await ask('wiki', '/page', { headers: { ...forged, cookie } })
    t.is(answer.status, 200)
    const headers: IncomingHttpHeaders = service.seen.at(-1)?.headers ?? {}
    t.is(headers['x-forwarded-user'], ADA)
    t.is(headers['x-forwarded-name'], 'Ada%20Lovelace')
    t.regex(String(headers['x-forwarded-groups']), /people/)
    t.notRegex(String(headers['x-forwarded-groups']), /administrators/)
    t.is(headers.host, 'wiki.localhost')
    t.is(headers['x-forwarded-proto'], 'https')
    for (const gone of ['x-real-ip', 'forwarded', 'x_forwarded_user']) t.is(headers[gone], undefined, gone)
    t.notRegex(String(headers.cookie), /__Host-(service|entering)/)
    if (cookie.includes('a=1')) t.regex(String(headers.cookie), /a=1/)
    if (cookie.includes('b=2')) t.regex(String(headers.cookie), /b=2/)
  }
})

test.serial('what a service sets as a cookie stays at its own site', async (t) => {
  const answer = await ask('board')
  t.is(answer.status, 200)
  for (const line of answer.headers['set-cookie'] ?? [])
    t.notRegex(line, /domain=localhost/i, 'a neighbour would be sent it')
})

test.serial('a pass is good for one service alone, and a ticket for one browser', async (t) => {
  const pass = await passFor(ADA, 'wiki')
  t.is((await ask('chat', '/', { headers: { cookie: pass } })).status, 303, 'another service')
  t.is((await ask('wiki', '/', { headers: { cookie: `${pass}; ${pass}` } })).status, 303, 'planted twice')
  const { enter } = await ticketFor(ADA, 'wiki')
  const mine = named(await ask('wiki'), '__Host-entering') ?? ''
  for (const cookie of ['', mine, '__Host-entering=']) {
    const refused = await ask('wiki', enter, { headers: { cookie } })
    t.is(refused.status, 403, `with ${cookie}`)
    t.is(named(refused, '__Host-service'), undefined)
  }
  const elsewhere = await ticketFor(ADA, 'wiki')
  const there = await ask('chat', elsewhere.enter, { headers: { cookie: elsewhere.number } })
  t.is(there.status, 403, 'a ticket of the wiki at the chat')
  const broken = elsewhere.enter.slice(0, -4)
  t.is((await ask('wiki', broken, { headers: { cookie: elsewhere.number } })).status, 403)
  const session = newBrowser(gateway.origin)
  await session.login(ADA, PASSWORD)
  const value = session.cookie.split('=').slice(1).join('=')
  const asPass = { headers: { cookie: `__Host-service=${value}` } }
  t.is((await ask('wiki', '/', asPass)).status, 303, 'the session itself is no pass')
  const asSession = newBrowser(gateway.origin)
  asSession.cookie = `__Host-desk=${pass.slice('__Host-service='.length)}`
  t.is((await asSession.get('/password')).headers.location, '/login', 'nor is a pass a session')
})

test.serial('nobody is led out of the site: another host, our own paths, a second line', async (t) => {
  for (const path of ['//evil.example', '/\\evil.example', '/a%0d%0aSet-Cookie:b']) {
    const { number, enter } = await ticketFor(ADA, 'wiki', path)
    const entered = await ask('wiki', enter, { headers: { cookie: number } })
    if (entered.status === 303) t.regex(String(entered.headers.location), /^\/(?![/\\.])/, path)
    else t.is(entered.status, 403, path)
    t.is(
      cookiesOf(entered).some((one) => one.startsWith('b')),
      false,
    )
  }
  for (const path of ['verify', 'start', 'refused', 'x'])
    t.is((await ask('wiki', `${INGRESS.path}/${path}`)).status, 404, `${path} is nobody’s page`)
})

test.serial('what was sent without a pass is not led away, and never reaches the service', async (t) => {
  const before = service.seen.length
  t.is((await ask('wiki', '/save', { method: 'POST', body: 'text=1' })).status, 401)
  t.is((await ask('wiki', '/save', { method: 'DELETE' })).status, 401)
  t.is(service.seen.length, before)
})

test.serial('other groups are refused with a sentence; members come in', async (t) => {
  const browser = newBrowser(gateway.origin)
  await browser.login(ADA, PASSWORD)
  const start = await ask('staff')
  const to = new URL(start.headers.location ?? '')
  t.is((await browser.get(`${to.pathname}${to.search}`)).status, 403)
  t.notRegex((await browser.get('/services')).text, /staff/)
  t.is((await ask('staff', '/', { headers: { cookie: await passFor(ROOT, 'staff') } })).status, 200)
})

test.serial(
  'who leaves the group, logs out or is locked is out at once, and nothing reaches the service',
  async (t) => {
    const browser = newBrowser(gateway.origin)
    await browser.login(BOB, PASSWORD)
    const start = await ask('wiki')
    const to = new URL(start.headers.location ?? '')
    const page = await browser.get(`${to.pathname}${to.search}`)
    const enter = /url=https:\/\/[^/]+([^"]+)"/.exec(page.text)?.[1] ?? ''
    const number = named(start, '__Host-entering') ?? ''
    const pass = named(await ask('wiki', enter, { headers: { cookie: number } }), '__Host-service') ?? ''
    t.is((await ask('wiki', '/', { headers: { cookie: pass } })).status, 200)
    await browser.get('/password')
    t.is((await browser.post('/logout', {})).status, 303)
    t.is((await ask('wiki', '/', { headers: { cookie: pass } })).status, 303, 'logged out')
    const again = await passFor(BOB, 'wiki')
    t.is((await ask('wiki', '/', { headers: { cookie: again } })).status, 200)
    const member = await passFor(CAROL, 'staff')
    t.is((await ask('staff', '/', { headers: { cookie: member } })).status, 200)
    await deskfleet(lab, 'groups', 'members', 'administrators', '--remove', CAROL)
    await eventually(
      'who left the group is refused',
      async () => (await ask('staff', '/', { headers: { cookie: member } })).status === 403,
      { seconds: 60 },
    )
    t.regex((await ask('staff', '/', { headers: { cookie: member } })).text, /not for you/)
    await deskfleet(lab, 'people', 'lock', BOB)
    await eventually(
      'the locked person is out',
      async () => (await ask('wiki', '/', { headers: { cookie: again } })).status === 303,
      { seconds: 60 },
    )
  },
)

test.serial('an open service takes everybody, and takes nobody for anybody', async (t) => {
  const answer = await ask('board', '/x', { headers: { 'x-forwarded-user': 'root' } })
  t.is(answer.status, 200)
  t.is(service.seen.at(-1)?.headers['x-forwarded-user'], undefined)
})

test.serial('websockets pass with a pass, and not without', async (t) => {
  const talk = (headers: Record<string, string>): Promise<string> =>
    new Promise((done) => {
      const socket = new WebSocket(`wss://127.0.0.1:${port}/live`, {
        ...{ rejectUnauthorized: false, servername: 'wiki.localhost' },
        headers: { host: 'wiki.localhost', ...headers },
      })
      socket.on('open', () => socket.send('hello'))
      socket.on('message', (text) => {
        done(String(text))
        socket.terminate()
      })
      socket.on('error', ({ message }) => done(message))
    })
  t.is(await talk({ cookie: await passFor(ADA, 'wiki') }), 'back: hello')
  t.regex(await talk({}), /303/)
})

test.serial(
  'a service that does not answer is its own trouble, and an unknown name is shown nothing',
  async (t) => {
    t.is((await ask('away', '/', { headers: { cookie: await passFor(ADA, 'away') } })).status, 502)
    t.is((await ask('board')).status, 200)
    await t.throwsAsync(ask('desk'), undefined, 'no certificate is shown for it')
  },
)

test.serial(
  "an administrator's own certificate is shown as soon as it is there, without a break",
  async (t) => {
    t.timeout(60_000)
    const own = await layCertificate(`${folder}/own`, routes)
    const shown = (): Promise<string | undefined> =>
      new Promise((done, fail) => {
        const host = { host: '127.0.0.1', port, servername: 'board.localhost', rejectUnauthorized: false }
        const socket = connect(host, () => {
          done(socket.getPeerX509Certificate()?.fingerprint256)
          socket.destroy()
        })
        socket.on('error', fail)
      })
    await eventually('it is shown', async () => (await shown()) === new X509Certificate(own).fingerprint256, {
      seconds: 40,
    })
    t.is((await ask('board')).status, 200)
  },
)

test.serial(
  'in a real browser: from the service to the login and back, and out with the log-out',
  async (t) => {
    t.timeout(180_000)
    const gatewayPort = Number(new URL(gateway.origin).port)
    const browser: Chromium = await launchBrowser('localhost', gatewayPort, t.log, { 'wiki.localhost': port })
    try {
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto('https://wiki.localhost/pages/home?x=1')
      await page.fill('#login', ADA)
      await page.fill('#password', PASSWORD)
      await page.click('button.main')
      await page.waitForURL('https://wiki.localhost/pages/home?x=1')
      t.is(await page.textContent('#who'), ADA)
      const cookies = (await context.cookies()).map(({ name, domain }) => `${name} ${domain}`)
      t.true(cookies.includes('__Host-service wiki.localhost'))
      t.deepEqual(
        cookies.filter((one) => /^__Host-(?!service).*wiki/.test(one)),
        [],
        'the session is at the gateway alone',
      )
      const desk = await context.newPage()
      await desk.goto('https://localhost/services')
      await keepScreen(desk, 'services')
      await desk.click('text=wiki')
      await desk.waitForURL('https://wiki.localhost/')
      t.is(await desk.textContent('#who'), ADA, 'it asks for no password again')
      await desk.goto('https://localhost/services')
      await desk.click('form[action="/logout"] button')
      await desk.waitForURL(/\/login/)
      await page.reload()
      await page.waitForURL(/https:\/\/localhost\/login/)
    } finally {
      await browser.close()
    }
  },
)
