import { connect } from 'node:tls'
import test from 'ava'
import type { WebSocket } from 'ws'
import { CLOSED } from '../../gateway/screen/closed.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { must, sharedLab } from '../harness/lab.ts'
import { eventually } from '../harness/wait.ts'
import { type Browser, newBrowser, send } from './browser.ts'
import { type OwnGateway, ownGateway } from './own-gateway.ts'
import { PASSWORD, person } from './people.ts'
import { type PretendPc, pretendPc } from './pretend-pc.ts'
import { atDesk, becomes, clear, homes, onlyOf, podsOf } from './room.ts'
import { closeCode, openScreen, screen } from './screen-client.ts'
import type { SmallBridge } from './small-bridge.ts'

/** The way to a screen, attacked; each attack with a twin that passes. */

let lab: BareLab
let gateway: OwnGateway
let pc: PretendPc
let ada: Browser
let bob: Browser
let bridge: SmallBridge
let bobs: SmallBridge
const PEOPLE = ['sc-ada', 'sc-bob', 'sc-off'] as const
const [ADA, BOB, OFF] = PEOPLE

test.before(async () => {
  lab = await sharedLab()
  await clear(lab)
  await homes(lab, ...PEOPLE)
  pc = await pretendPc(lab, 'sc-pc', onlyOf(...PEOPLE))
  gateway = await ownGateway(lab, 'screen')
  ;({ browser: ada, bridge } = await atDesk(lab, gateway.origin, ADA))
  ;({ browser: bob, bridge: bobs } = await atDesk(lab, gateway.origin, BOB))
})

test.after.always(async () => {
  await Promise.all([gateway?.end(), bridge?.end(), bobs?.end(), pc?.end()])
  await clear(lab)
})

const message = (socket: WebSocket): Promise<Buffer> =>
  new Promise((done) =>
    socket.once('message', (data) => done(Buffer.isBuffer(data) ? data : Buffer.alloc(0))),
  )

test.serial('with a session, the screen opens, and both ways carry bytes', async (t) => {
  const socket = await openScreen(gateway.origin, ada)
  t.is(String(await message(socket)), 'RFB 003.008\n')
  socket.send(Buffer.from([1, 2, 3]))
  t.deepEqual([...(await message(socket))], [1, 2, 3])
  socket.close()
})

test.serial('the desktop hears our token, and nothing of the browser', async (t) => {
  const socket = await openScreen(gateway.origin, { cookie: `${ada.cookie}; other=1` })
  await message(socket)
  socket.close()
  const seen = JSON.stringify(bridge.seen.headers)
  t.notRegex(seen, /__Host-desk|other=1|"origin"|"cookie"/)
  t.is(bridge.seen.wrong, 0)
})

test.serial(
  'refused before anything is dialled: no session, foreign origin, none, another path, a forged cookie',
  async (t) => {
    const before = bridge.seen.headers.filter(({ upgrade }) => upgrade).length
    const refused = async (
      browser: { cookie: string } | undefined,
      options: Parameters<typeof screen>[2],
      status: number,
    ) => {
      const answer = await screen(gateway.origin, browser, options)
      t.is('status' in answer ? answer.status : 'open', status, JSON.stringify(options))
    }
    await refused(undefined, {}, 401)
    await refused({ cookie: `${ada.cookie.slice(0, -5)}AAAAA` }, {}, 401)
    await refused({ cookie: `${ada.cookie}; ${ada.cookie}` }, {}, 401)
    for (const origin of [
      'https://evil.example',
      'null',
      'http://localhost',
      `${gateway.origin}.evil.example`,
      '',
    ])
      await refused(ada, { headers: { origin } }, 403)
    await refused(ada, { headers: { 'sec-fetch-site': 'cross-site' } }, 403)
    await refused(ada, { headers: { host: 'evil.example' } }, 421)
    for (const path of [
      `/screen/${BOB}`,
      `/screen?slug=${BOB}`,
      '/screen/',
      '//screen',
      '/Screen',
      '/%73creen',
      '/desktop',
      '/',
    ])
      await refused(ada, { path }, 404)
    t.is(bridge.seen.headers.filter(({ upgrade }) => upgrade).length, before)
    const socket = await openScreen(gateway.origin, ada)
    await message(socket)
    socket.close()
  },
)

test.serial('a session opens its own desktop, whatever else is said', async (t) => {
  const screens = () => bridge.seen.headers.filter(({ upgrade }) => upgrade).length
  const [mine, his] = [screens(), bobs.seen.right]
  const opened = await screen(gateway.origin, bob, {
    headers: {
      'x-forwarded-user': ADA,
      'x-desk-person': ADA,
      forwarded: `for=${ADA}`,
      authorization: 'Bearer x',
    },
  })
  t.true('socket' in opened)
  if ('socket' in opened) {
    await message(opened.socket)
    opened.socket.close()
  }
  t.true(bobs.seen.right > his)
  t.is(screens(), mine, 'ada’s screen was not opened')
  t.true(mine > 0, 'else this shows nothing')
})

test.serial('who has no running desktop is told so, and nothing is dialled', async (t) => {
  await person(lab, OFF)
  pc.room(0)
  const off = newBrowser(gateway.origin)
  await eventually('they are known here', async () => (await off.login(OFF, PASSWORD)).status === 303)
  t.deepEqual(await screen(gateway.origin, off), { status: 409 })
  pc.room(100)
  await becomes(off, 'ready')
  await off.post('/desktop/stop', {})
})

test.serial('log-out closes the open screen at once; another one goes on', async (t) => {
  const again = newBrowser(gateway.origin)
  await again.login(ADA, PASSWORD)
  const [ending, staying] = [await openScreen(gateway.origin, again), await openScreen(gateway.origin, bob)]
  const code = closeCode(ending)
  await again.post('/logout', {})
  t.is(await code, CLOSED.ended)
  t.is(staying.readyState, staying.OPEN)
  staying.close()
})

test.serial(
  'log-out while the desktop is being dialled: the page hears that the session ended',
  async (t) => {
    const again = newBrowser(gateway.origin)
    await again.login(ADA, PASSWORD)
    const [dials, joined] = [bridge.seen.headers.length, bridge.viewers()]
    const release = bridge.holdScreens()
    t.teardown(release)
    const screen = await openScreen(gateway.origin, again)
    let heard = 0
    screen.on('message', () => heard++)
    const code = closeCode(screen)
    await eventually('the desktop is dialled', async () =>
      bridge.seen.headers.slice(dials).some(({ upgrade }) => upgrade),
    )
    await again.post('/logout', {})
    release()
    t.is(await code, CLOSED.ended)
    t.is(heard, 0)
    await eventually('the desktop has nobody more', () => bridge.viewers() === joined)
  },
)

test.serial('frames that are too large or of the wrong kind end that screen alone', async (t) => {
  const [large, text, good] = await Promise.all(
    [ada, ada, bob].map((browser) => openScreen(gateway.origin, browser)),
  )
  if (!large || !text || !good) return t.fail()
  await message(good)
  const codes = Promise.all([closeCode(large), closeCode(text)])
  large.send(Buffer.alloc(3 * 1024 * 1024))
  text.send('hello')
  t.deepEqual(await codes, [1009, 1003])
  // As large as a clipboard may be is no trouble.
  good.send(Buffer.alloc(1024 * 1024, 7))
  t.is((await message(good)).length, 1024 * 1024)
  good.close()
  return t.pass()
})

test.serial('a slow browser makes the desktop wait, instead of the gateway’s memory', async (t) => {
  const socket = await openScreen(gateway.origin, ada)
  await message(socket)
  socket.pause()
  const piece = Buffer.alloc(512 * 1024, 1)
  // An echo: what is sent comes back, and nobody reads it.
  for (let i = 0; i < 96; i++) {
    socket.send(piece)
    await new Promise((done) => setTimeout(done, 10))
  }
  // All but what fits into the connections stays where it came from.
  await eventually('the desktop holds what nobody reads', async () => bridge.waiting() > 24 * 1024 * 1024)
  socket.terminate()
  t.pass()
})

test.serial(
  'fifty viewers cut in the middle: the gateway goes on, and the next one sees the desktop',
  async (t) => {
    // More than one person may have at once are refused, so they are of many sessions of two people, in turns.
    let cut = 0
    for (let round = 0; round < 5; round++) {
      const opened = await Promise.all(
        [...Array(5).fill(ada), ...Array(5).fill(bob)].map((browser) => screen(gateway.origin, browser)),
      )
      const sockets = opened.flatMap((one) => ('socket' in one ? [one.socket] : []))
      await Promise.all(opened.map((one) => 'greeted' in one && one.greeted))
      for (const socket of sockets) socket.send(Buffer.alloc(256 * 1024))
      const closed = sockets.map(closeCode)
      if (round % 2 === 0) {
        bridge.cut()
        bobs.cut()
      } else for (const socket of sockets) socket.terminate()
      await Promise.all(closed)
      cut += sockets.length
    }
    t.true(cut >= 50, String(cut))
    t.is((await fetch(`${gateway.metrics}/healthz`)).status, 200)
    const socket = await openScreen(gateway.origin, ada)
    t.is(String(await message(socket)), 'RFB 003.008\n')
    socket.close()
  },
)

test.serial('screens above the limit of one person are refused until one closes', async (t) => {
  await eventually('no screen is left', async () =>
    /deskfleet_gateway_screens 0\n/.test(await (await fetch(`${gateway.metrics}/metrics`)).text()),
  )
  const sockets: WebSocket[] = []
  for (let i = 0; i < 6; i++) sockets.push(await openScreen(gateway.origin, ada))
  t.deepEqual(await screen(gateway.origin, ada), { status: 429 })
  t.true('socket' in (await screen(gateway.origin, bob)))
  for (const socket of sockets) socket.terminate()
  await eventually('a place is free', async () => {
    const one = await screen(gateway.origin, ada)
    if ('socket' in one) one.socket.terminate()
    return 'socket' in one
  })
})

test.serial(
  'smuggled requests: two lengths, length and chunks, folded and nameless headers, are no requests',
  async (t) => {
    const { port, host } = new URL(gateway.origin)
    const raw = (text: string): Promise<string> =>
      new Promise((done, fail) => {
        const socket = connect({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false }, () =>
          socket.write(text),
        )
        let answer = ''
        socket.on('data', (bytes) => {
          answer += bytes
        })
        socket.on('error', fail)
        socket.on('close', () => done(answer))
      })
    const head = `POST /login HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${gateway.origin}\r\nCookie: ${ada.cookie}\r\nConnection: close\r\n`
    const hidden = `GET /password HTTP/1.1\r\nHost: ${host}\r\nCookie: ${ada.cookie}\r\n\r\n`
    for (const text of [
      `${head}Content-Length: 4\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
      `${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`,
      `${head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `GET /login HTTP/1.1\r\nHost: ${host}\r\nHost: evil.example\r\nX: a\n b\r\n\r\n${hidden}`,
      `GET /login HTTP/1.1\r\nHost: ${host}\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
    ]) {
      const answer = await raw(text)
      t.regex(answer, /^HTTP\/1\.1 4\d\d /, text.slice(0, 300))
      t.is(answer.match(/HTTP\/1\.1 /g)?.length, 1, 'one answer, so nothing was smuggled in')
      t.notRegex(answer, /name="before"/)
    }
    t.regex(
      await raw(
        `GET /password HTTP/1.1\r\nHost: ${host}\r\nCookie: ${ada.cookie}\r\nConnection: close\r\n\r\n`,
      ),
      /^HTTP\/1\.1 200 /,
    )
  },
)

test.serial(
  'files are downloaded and uploaded, never over an existing one, and never outside the home',
  async (t) => {
    const put = (path: string, body: Buffer, headers: Record<string, string> = {}) =>
      send(gateway.origin, `/desktop/files?path=${encodeURIComponent(path)}`, {
        method: 'PUT',
        body,
        headers: { cookie: ada.cookie, origin: gateway.origin, 'x-desk-token': ada.token, ...headers },
      })
    await ada.get('/password')
    const bytes = Buffer.alloc(3 * 1024 * 1024, 'x')
    t.is((await put('Grüße.bin', bytes)).status, 201)
    t.true(bridge.files.get('Grüße.bin')?.equals(bytes))
    t.is((await put('Grüße.bin', bytes)).status, 409)
    for (const path of ['../x', '/etc/passwd', 'a/../../b', 'a\u0000b', ''])
      t.is((await put(path, bytes.subarray(0, 10))).status, 400, path)
    t.is((await put('y', Buffer.from('y'), { 'x-desk-token': 'wrong' })).status, 403)
    t.is((await put('y', Buffer.from('y'), { origin: 'https://evil.example' })).status, 403)
    t.false(bridge.files.has('y'))
    const file = await ada.get(`/desktop/files?path=${encodeURIComponent('Grüße.bin')}`)
    t.is(file.text.length, bytes.length)
    t.like(file.headers, { 'content-type': 'application/octet-stream', 'x-content-type-options': 'nosniff' })
    t.regex(
      String(file.headers['content-disposition']),
      /^attachment; .*filename\*=UTF-8''Gr%C3%BC%C3%9Fe\.bin$/,
    )
    t.is((await ada.get('/desktop/files?path=none')).status, 404)
    t.is(
      (await newBrowser(gateway.origin).get('/desktop/files?path=hello.txt', { accept: 'application/json' }))
        .status,
      401,
    )
    t.false(bobs.files.has('Grüße.bin'))
  },
)

test.serial(
  'the person is told on the page what becomes of the desktop, until the session ends',
  async (t) => {
    const again = newBrowser(gateway.origin)
    await again.login(BOB, PASSWORD)
    const begun = Promise.withResolvers<void>()
    const events = send(gateway.origin, '/desktop/events', {
      headers: { cookie: again.cookie },
      onHead: begun.resolve,
    })
    await begun.promise
    await again.post('/logout', {})
    const { text } = await events
    t.regex(text, /data: \{"state":"ready"/)
    t.regex(text, /event: ended/)
  },
)

test.serial('a desktop that is not what it was: another certificate or token is not spoken to', async (t) => {
  const seen = bridge.seen.right
  const patch = JSON.stringify({ stringData: { token: 'another-token-than-the-bridge-has' } })
  await must(lab, ['patch', 'secret', `desktop-${ADA}`, '-n', 'desktops', '--type=merge', '-p', patch])
  const refused = await openScreen(gateway.origin, ada)
  t.is(await closeCode(refused), CLOSED.unreachable)
  t.true(bridge.seen.wrong > 0)
  await bridge.renew()
  await bridge.impersonate()
  const asked = bridge.seen.right
  t.is(await closeCode(await openScreen(gateway.origin, ada)), CLOSED.unreachable)
  t.is(bridge.seen.right, asked, 'it never heard the token')
  await bridge.renew()
  await eventually('it is taken again', async () => bridge.seen.right > seen)
  const socket = await openScreen(gateway.origin, ada)
  t.is(String(await message(socket)), 'RFB 003.008\n')
  socket.close()
})

test.serial(
  'a desktop that has moved takes its viewers along, though the old connection still stands',
  async (t) => {
    const socket = await openScreen(gateway.origin, ada)
    await message(socket)
    const [pod = ''] = await podsOf(lab, ADA)
    const code = closeCode(socket)
    await must(lab, ['delete', 'pod', pod, '-n', 'desktops', '--wait=false'])
    t.is(await code, CLOSED.unreachable)
    await becomes(ada, 'ready')
  },
)

test.serial('a replica that stops sends its screens to another one, and ends', async (t) => {
  const other = await ownGateway(lab, 'screen-2')
  t.teardown(() => other.end())
  const socket = await openScreen(other.origin, ada)
  const code = closeCode(socket)
  const ended = other.end()
  t.is(await code, CLOSED.moving)
  await ended
  const next = await openScreen(gateway.origin, ada)
  await message(next)
  next.close()
})
