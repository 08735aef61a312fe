import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type RequestOptions, request } from 'node:https'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import test from 'ava'
import { WebSocket } from 'ws'
import { makeScreen } from '../../bridge/screen.ts'
import { bridgeServer, trust } from '../../bridge/serve.ts'
import type { BridgeState, Phase } from '../../bridge/state.ts'
import { newCaller, newLeaf } from '../../certificates/leaf.ts'
import { selfSigned } from '../../certificates/self-signed.ts'
import type { Obstacle } from '../../config/desktop-troubles.ts'
import { BRIDGE_PATHS, GATEWAY_CALLER, SCREEN_CLOSED } from '../../config/names.ts'
import { issue, type KeyPair, makeAuthority } from '../../lab/bare/certificates.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { eventually } from '../harness/wait.ts'

const TOKEN = 'a'.repeat(32)
let authority: KeyPair
let pair: KeyPair
let gateway: KeyPair
test.before(async () => {
  authority = await makeAuthority('test')
  pair = await issue(authority, { name: 'desktop', hosts: ['desktop'] })
  gateway = await newCaller(authority, GATEWAY_CALLER, new Date())
})

/** A bridge without a desktop: what stands for Xvnc is a socket of the test. */
async function bridge(
  t: { teardown(undo: () => void): void },
  given: { largestFile?: number; ping?: number } = {},
) {
  const folder = temporaryFolder()
  const home = join(folder, 'home')
  mkdirSync(home)
  const xvnc: Socket[] = []
  const vnc = createServer((socket) => {
    socket.on('error', () => {})
    xvnc.push(socket)
  }).listen(join(folder, 'screen.sock'))
  await once(vnc, 'listening')
  let inputs = 0
  let phase: Phase = 'ready'
  let obstacle: Obstacle | undefined
  let generation: number | null = 1
  const shown: string[] = []
  const logged: string[] = []
  const log = (line: string) => void logged.push(line)
  const screen = makeScreen({
    socket: join(folder, 'screen.sock'),
    pixels: 1_024_000,
    onInput: () => void inputs++,
    log,
    ...(given.ping ? { ping: given.ping } : {}),
  })
  const state = (): BridgeState => ({
    version: '0',
    phase,
    ...(obstacle === undefined ? {} : { obstacle }),
    notices: [],
    home: true,
    generation,
    fenced: false,
    viewers: screen.viewers(),
    startedAt: '',
    lastInput: '',
    idleSeconds: 0,
  })
  const server = bridgeServer({
    certificate: Buffer.from(pair.certificate),
    key: Buffer.from(pair.key),
    gatewayAuthorities: authority.certificate,
    token: TOKEN,
    home,
    largestFile: given.largestFile ?? 1_000_000,
    screen,
    state,
    keep: () => void inputs++,
    message: async (line) => void shown.push(line),
    log,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
    vnc.close()
    for (const socket of xvnc) socket.destroy()
  })
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const stranger = { host: '127.0.0.1', port, servername: 'desktop', ca: authority.certificate }
  const tls = { ...stranger, cert: gateway.certificate, key: gateway.key }
  return {
    home,
    screen,
    shown,
    logged,
    xvnc,
    server,
    tls,
    /** The same without what the gateway shows. */
    stranger,
    inputs: () => inputs,
    become: (next: Phase, why?: Obstacle) => {
      phase = next
      obstacle = why
      generation = next === 'ready' ? 1 : null
    },
    async ask(
      method: string,
      path: string,
      { token = TOKEN, body = '', headers = {}, as = tls as RequestOptions } = {},
    ) {
      const options: RequestOptions = {
        ...as,
        method,
        path,
        headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
      }
      const asked = request(options).end(body)
      const [response] = await once(asked, 'response')
      return { status: Number(response.statusCode), body: await text(response), headers: response.headers }
    },
    view(token = TOKEN, path: string = BRIDGE_PATHS.screen, as: ConnectionOptions = tls) {
      const web = new WebSocket(`wss://127.0.0.1:${port}${path}`, {
        createConnection: () => connectTls(as),
        headers: { authorization: `Bearer ${token}` },
      })
      web.on('error', () => {})
      return web
    },
  }
}

const GREETING = Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([1, 1])])
const KEY = Buffer.from([4, 1, 0, 0, 0, 0, 0, 65])
const REQUEST = Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0, 0])

const closing = async (web: WebSocket): Promise<number> => Number((await once(web, 'close'))[0])

/** What is for the gateway alone. */
const GUARDED = [
  ['GET', BRIDGE_PATHS.state],
  ['POST', BRIDGE_PATHS.keep],
  ['POST', BRIDGE_PATHS.message],
  ['GET', `${BRIDGE_PATHS.files}?path=/`],
  ['PUT', `${BRIDGE_PATHS.files}?path=x`],
] as const

test('health and readiness need no token, all else does', async (t) => {
  const { ask, become, view } = await bridge(t)
  t.is((await ask('GET', BRIDGE_PATHS.health, { token: '' })).status, 200)
  t.is((await ask('GET', BRIDGE_PATHS.ready, { token: '' })).status, 200)
  become('waiting')
  t.is((await ask('GET', BRIDGE_PATHS.ready, { token: '' })).status, 503)
  t.is((await ask('GET', BRIDGE_PATHS.health, { token: '' })).status, 200)
  become('ready')
  for (const token of ['', 'wrong', `${TOKEN}a`, TOKEN.slice(1)]) {
    for (const [method, path] of [...GUARDED, ['GET', '/nothing']] as const) {
      t.is((await ask(method, path, { token })).status, 401, `${method} ${path} with ${token}`)
    }
    const [, response] = await once(view(token), 'unexpected-response')
    t.is(response.statusCode, 401)
  }
  t.is((await ask('GET', BRIDGE_PATHS.state)).status, 200)
  t.is((await ask('GET', '/nothing')).status, 404)
  t.is((await ask('DELETE', BRIDGE_PATHS.state)).status, 405)
})

test('health and readiness need no certificate; all else is for the gateway’s own, whatever the token', async (t) => {
  const { ask, view, stranger } = await bridge(t)
  const another = await makeAuthority('another')
  const ended = new Date(Date.now() - 2 * 365 * 24 * 60 * 60 * 1000)
  const callers = {
    'no certificate': undefined,
    'a desktop’s certificate': await selfSigned(['x.desktops'], new Date()),
    'one that a desktop made for the gateway’s name': await selfSigned([GATEWAY_CALLER], new Date()),
    'the bridge’s own': pair,
    'another server’s, of the same authority': await newLeaf(authority, ['webhook.svc'], new Date()),
    'a server’s for the gateway’s name': await newLeaf(authority, [GATEWAY_CALLER], new Date()),
    'another caller’s, of the same authority': await newCaller(authority, 'webhook.svc', new Date()),
    'one of another authority': await newCaller(another, GATEWAY_CALLER, new Date()),
    'one that has ended': await newCaller(authority, GATEWAY_CALLER, ended),
  }
  for (const [what, shown] of Object.entries(callers)) {
    const as = { ...stranger, ...(shown ? { cert: shown.certificate, key: shown.key } : {}) }
    t.is((await ask('GET', BRIDGE_PATHS.health, { token: '', as })).status, 200, what)
    t.is((await ask('GET', BRIDGE_PATHS.ready, { token: '', as })).status, 200, what)
    for (const [method, path] of GUARDED) {
      const { status, body } = await ask(method, path, { as })
      t.is(status, 401, `${what}: ${method} ${path}`)
      t.regex(body, /only the room's gateway/)
    }
    const [, response] = await once(view(TOKEN, BRIDGE_PATHS.screen, as), 'unexpected-response')
    t.is(response.statusCode, 401, what)
  }
  t.is((await ask('GET', BRIDGE_PATHS.state)).status, 200, 'the twin')
})

test('a session that is resumed without a certificate proves nothing', async (t) => {
  const { stranger } = await bridge(t)
  const asked = `GET ${BRIDGE_PATHS.state} HTTP/1.1\r\nHost: d\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`
  const first = connectTls(stranger)
  const [session] = await once(first, 'session')
  first.destroy()
  const again = connectTls({ ...stranger, session })
  again.write(asked)
  const [answer] = await once(again, 'data')
  t.true(again.isSessionReused())
  t.regex(String(answer), /^HTTP\/1.1 401 /)
  again.destroy()
})

test('another authority is taken while it serves, and what an older one vouched for is not resumed', async (t) => {
  const { ask, server, tls, stranger } = await bridge(t)
  const another = await makeAuthority('another')
  const renewed = await newCaller(another, GATEWAY_CALLER, new Date())
  const as = { ...stranger, cert: renewed.certificate, key: renewed.key }
  const standing = connectTls(tls)
  const [session] = await once(standing, 'session')
  t.is((await ask('GET', BRIDGE_PATHS.state, { as })).status, 401)
  const own = { certificate: Buffer.from(pair.certificate), key: Buffer.from(pair.key) }
  trust(server, own, `${authority.certificate}\n${another.certificate}`)
  t.is((await ask('GET', BRIDGE_PATHS.state, { as })).status, 200, 'both, while one takes over')
  t.is((await ask('GET', BRIDGE_PATHS.state)).status, 200)
  trust(server, own, another.certificate)
  t.is((await ask('GET', BRIDGE_PATHS.state, { as })).status, 200)
  t.is((await ask('GET', BRIDGE_PATHS.state, { as: { ...tls, agent: false } })).status, 401)
  const resumed = connectTls({ ...tls, session })
  await once(resumed, 'secureConnect')
  t.false(resumed.isSessionReused())
  resumed.destroy()
  standing.write(`GET ${BRIDGE_PATHS.state} HTTP/1.1\r\nHost: d\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`)
  const [answer] = await once(standing, 'data')
  t.regex(String(answer), /^HTTP\/1.1 200 /, 'a connection that stands goes on')
  standing.destroy()
})

test('nothing older than TLS 1.3 is spoken', async (t) => {
  const { tls } = await bridge(t)
  const socket = connectTls({ ...tls, maxVersion: 'TLSv1.2' })
  const [error] = await once(socket, 'error')
  t.regex(String(error), /protocol|alert/i)
})

test('bytes go through as they are; keys count as input, requests for pictures do not', async (t) => {
  const { view, xvnc, inputs } = await bridge(t)
  const web = view()
  await once(web, 'open')
  await eventually('Xvnc sees a viewer', () => xvnc.length === 1)
  const got: Buffer[] = []
  xvnc[0]?.on('data', (data) => got.push(data))
  for (const bytes of [GREETING, REQUEST, KEY.subarray(0, 3), KEY.subarray(3), REQUEST]) web.send(bytes)
  const sent = Buffer.concat([GREETING, REQUEST, KEY, REQUEST])
  await eventually('all bytes arrive', () => Buffer.concat(got).length === sent.length)
  t.deepEqual(Buffer.concat(got), sent)
  t.is(inputs(), 1)
  xvnc[0]?.write(Buffer.from([1, 2, 3]))
  const [data, binary] = await once(web, 'message')
  t.deepEqual([...data], [1, 2, 3])
  t.true(binary)
  web.send('text')
  t.is(await closing(web), 1003)
})

test('a newer viewer ends the older one, which is told; and is the one that stays', async (t) => {
  const { view, screen, xvnc } = await bridge(t)
  const first = view()
  await once(first, 'open')
  const ended = closing(first)
  const second = view()
  await once(second, 'open')
  t.is(await ended, SCREEN_CLOSED.takenOver)
  t.is(screen.viewers(), 1)
  await eventually(
    'Xvnc has lost the first',
    () => xvnc[0]?.destroyed === true || xvnc[0]?.readableEnded === true,
  )
  t.is(second.readyState, WebSocket.OPEN)
})

test('when it is fenced or stopped, viewers are told which, and later ones too', async (t) => {
  const { view, screen } = await bridge(t)
  const web = view()
  await once(web, 'open')
  const ended = closing(web)
  screen.close(SCREEN_CLOSED.fenced, 'elsewhere')
  t.is(await ended, SCREEN_CLOSED.fenced)
  const late = view()
  t.is(await closing(late), SCREEN_CLOSED.fenced)
  t.is(screen.viewers(), 0)
})

test('no screen before the desktop is ready, and no other path than the one', async (t) => {
  const { view, become } = await bridge(t)
  const [, elsewhere] = await once(view(TOKEN, '/screen/other'), 'unexpected-response')
  t.is(elsewhere.statusCode, 404)
  become('starting')
  const [, early] = await once(view(), 'unexpected-response')
  t.is(early.statusCode, 503)
})

test('an Xvnc that dies, and a viewer that breaks off, end the other side and nothing else', async (t) => {
  const { view, xvnc, screen, ask } = await bridge(t)
  const web = view()
  await once(web, 'open')
  await eventually('Xvnc sees a viewer', () => xvnc.length === 1)
  const ended = closing(web)
  xvnc[0]?.destroy()
  t.true([1011, 1012].includes(await ended))
  const second = view()
  await once(second, 'open')
  second.terminate()
  await eventually('the viewer is gone', () => screen.viewers() === 0)
  t.is((await ask('GET', BRIDGE_PATHS.state)).status, 200)
})

test('a viewer that answers no ping is gone', async (t) => {
  const { view, screen } = await bridge(t, { ping: 500 })
  const web = view()
  await once(web, 'open')
  await sleep(1_700)
  t.is(screen.viewers(), 1, 'one that answers stays')
  web.pause()
  await eventually('the silent viewer is gone', () => screen.viewers() === 0)
})

test('a viewer that does not read makes Xvnc wait, instead of filling the memory', async (t) => {
  const { view, xvnc } = await bridge(t)
  const web = view()
  await once(web, 'open')
  await eventually('Xvnc sees a viewer', () => xvnc.length === 1)
  web.pause()
  const chunk = Buffer.alloc(1 << 20)
  let written = 0
  const fill = async (): Promise<void> => {
    while (written < 200) {
      const flows = xvnc[0]?.write(chunk) ?? false
      written++
      if (!flows) await once(xvnc[0] as Socket, 'drain')
    }
  }
  const filling = fill()
  await sleep(1_000)
  const before = written
  t.true(before < 100, `${before} MiB went somewhere`)
  web.on('message', () => {})
  web.resume()
  await filling
  t.is(written, 200, 'it goes on when the viewer reads again')
})

test('files: a folder as JSON, a file as bytes, a new file by PUT, never over an old one', async (t) => {
  const { ask, home } = await bridge(t, { largestFile: 1_000 })
  writeFileSync(join(home, 'a b.txt'), 'hello')
  const path = (name: string) => `${BRIDGE_PATHS.files}?path=${encodeURIComponent(name)}`
  t.like(JSON.parse((await ask('GET', path('/'))).body), { path: '/', more: false })
  const file = await ask('GET', path('a b.txt'))
  t.is(file.body, 'hello')
  t.is(file.headers['content-disposition'], "attachment; filename*=UTF-8''a%20b.txt")
  t.is((await ask('PUT', path('ü.txt'), { body: 'new' })).status, 201)
  t.is(readFileSync(join(home, 'ü.txt'), 'utf8'), 'new')
  t.is((await ask('PUT', path('ü.txt'), { body: 'other' })).status, 409)
  t.is((await ask('PUT', path('big'), { body: 'x'.repeat(1_001) })).status, 413)
  const chunked = await ask('PUT', path('big'), {
    body: 'x'.repeat(1_001),
    headers: { 'transfer-encoding': 'chunked' },
  })
  t.is(chunked.status, 413)
  t.is((await ask('GET', path('../x'))).status, 400)
  t.is((await ask('GET', `${BRIDGE_PATHS.files}?path=..%2f..%2fetc%2fpasswd`)).status, 400)
  t.deepEqual(readdirSync(home).sort(), ['a b.txt', 'ü.txt'])
  t.is(readFileSync(join(home, 'ü.txt'), 'utf8'), 'new')
})

test('an upload that breaks off leaves nothing', async (t) => {
  const { tls, home } = await bridge(t)
  const asked = request({
    ...tls,
    method: 'PUT',
    path: `${BRIDGE_PATHS.files}?path=half`,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-length': 100 },
  })
  asked.on('error', () => {})
  asked.write('half of it')
  await eventually('it has begun', () => readdirSync(home).length === 1)
  asked.destroy()
  await eventually('it is gone', () => readdirSync(home).length === 0)
  t.pass()
})

test('a message is shown; what is none is refused', async (t) => {
  const { ask, shown } = await bridge(t)
  t.is((await ask('POST', BRIDGE_PATHS.message, { body: '{"text":"soon"}' })).status, 200)
  t.deepEqual(shown, ['soon'])
  for (const body of ['', '{', '{"text":1}', '{"text":" "}', 'null']) {
    t.is((await ask('POST', BRIDGE_PATHS.message, { body })).status, 400, body)
  }
  t.is(
    (await ask('POST', BRIDGE_PATHS.message, { body: JSON.stringify({ text: 'x'.repeat(9_000) }) })).status,
    413,
  )
})

for (const [what, bytes, over] of [
  ['says nothing', '', 'tcp'],
  ['stays in the middle of the TLS handshake', '\x16\x03\x01\x02\0\x01', 'tcp'],
  ['says nothing after the TLS handshake', '', 'tls'],
  ['drips its head', 'GET / HTTP/1.1\r\nHost: d', 'tls'],
  ['drips the body of a GET', 'GET / HTTP/1.1\r\nHost: d\r\nContent-Length: 9999\r\n\r\n', 'tls'],
] as const) {
  test(`a connection that ${what} ends within seconds`, async (t) => {
    t.timeout(60_000)
    const { tls } = await bridge(t)
    const socket = over === 'tcp' ? connect(tls.port, tls.host) : connectTls(tls)
    socket.on('error', () => {})
    socket.resume()
    await once(socket, over === 'tcp' ? 'connect' : 'secureConnect')
    if (bytes) socket.write(bytes)
    const drip = setInterval(() => socket.writable && bytes && over === 'tls' && socket.write('x'), 500)
    await once(socket, 'close')
    clearInterval(drip)
    t.pass()
  })
}

test('a hundred connections without the token keep nobody out who has it', async (t) => {
  const { tls, ask } = await bridge(t)
  let ended = 0
  const silent = Array.from({ length: 100 }, () => connect(tls.port, tls.host))
  for (const socket of silent) socket.on('error', () => {}).on('close', () => ended++)
  await eventually('those above what one address may have are ended', () => ended >= 60, { every: 5 })
  t.is(ended, 60, 'and no others yet')
  t.is((await ask('GET', BRIDGE_PATHS.state)).status, 200)
  for (const socket of silent) socket.destroy()
})

test('a desktop that waits gives its files when a full disk keeps it from its home, to be looked at and removed', async (t) => {
  const { home, ask, become } = await bridge(t)
  writeFileSync(join(home, 'big'), 'x')
  const at = `${BRIDGE_PATHS.files}?path=big`
  for (const obstacle of [undefined, 'lock', 'storage'] as const) {
    become('waiting', obstacle)
    for (const method of ['GET', 'PUT', 'DELETE']) t.is((await ask(method, at)).status, 503, `${obstacle}`)
  }
  for (const obstacle of ['full', 'quota'] as const) {
    become('waiting', obstacle)
    t.is(JSON.parse((await ask('GET', BRIDGE_PATHS.ready)).body).obstacle, obstacle)
    t.is((await ask('GET', at)).status, 200)
    t.is((await ask('PUT', at)).status, 503, 'nothing is written in a home that nobody has')
  }
  t.is((await ask('DELETE', at)).status, 200)
  t.deepEqual(readdirSync(home), [])
  t.is((await ask('DELETE', at)).status, 404)
})
