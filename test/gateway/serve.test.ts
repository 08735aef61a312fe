import { BlockList, connect as connectTcp } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import test from 'ava'
import { selfSigned } from '../../certificates/self-signed.ts'
import { type BalancerFront, balancerFront } from '../../gateway/listen/balancer.ts'
import { CONNECTIONS, LIMITS } from '../../gateway/listen/limits.ts'
import { openConnections } from '../../service/connections.ts'
import { type HttpsLimits, type HttpsServing, serveHttps } from '../../service/https.ts'

/** The listening port: TLS, and the PROXY protocol from those who are believed. */

async function serving(
  t: { teardown(undo: () => void): void },
  believed: readonly string[],
  limits: HttpsLimits = LIMITS,
  connections = CONNECTIONS,
): Promise<HttpsServing> {
  const list = new BlockList()
  for (const address of believed) list.addAddress(address)
  const front: BalancerFront = balancerFront(list)
  const at = await serveHttps({
    listen: { host: '127.0.0.1', port: 0 },
    certificate: await selfSigned(['localhost'], new Date()),
    limits,
    connections: openConnections(connections),
    front: front.receive,
    request: (request, response) => response.end(front.addressOf(request.socket)),
    upgrade: (_request, socket) => socket.destroy(),
  })
  t.teardown(() => void at.drain(Promise.resolve(), Promise.resolve()))
  return at
}

/** Asks over TLS, with bytes ahead of it: in a piece of their own, or in one with the first of TLS. */
function ask(port: number, ahead: string, together: boolean): Promise<string> {
  return new Promise((done) => {
    const tcp = connectTcp({ host: '127.0.0.1', port })
    let first = Buffer.from(ahead)
    if (!together) {
      if (first.length > 0) tcp.write(first)
      first = Buffer.alloc(0)
    }
    const through = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, next) {
        tcp.write(Buffer.concat([first, chunk]), () => next())
        first = Buffer.alloc(0)
      },
      final: (next) => {
        tcp.end()
        next()
      },
    })
    tcp.on('data', (chunk) => through.push(chunk))
    tcp.on('end', () => through.push(null))
    tcp.on('error', () => done('refused'))
    tcp.on('close', () => done('refused'))
    const tls = connectTls({ socket: through, servername: 'localhost', rejectUnauthorized: false }, () =>
      tls.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
    )
    let answer = ''
    tls.on('data', (chunk) => {
      answer += chunk
    })
    tls.on('error', () => done('refused'))
    tls.on('end', () => done(answer.split('\r\n\r\n')[1]?.replace(/^[0-9a-f]+\r\n|\r\n0$/g, '') ?? 'refused'))
  })
}

const LINE = 'PROXY TCP4 192.0.2.7 198.51.100.1 50000 443\r\n'

for (const together of [false, true]) {
  test(`a believed balancer says who is there, ${together ? 'in one piece with TLS' : 'in a piece of its own'}`, async (t) => {
    const { port } = await serving(t, ['127.0.0.1'])
    t.is(await ask(port, LINE, together), '192.0.2.7')
  })
}

test('a believed balancer that says nothing is not served, nor one that speaks nonsense', async (t) => {
  const { port } = await serving(t, ['127.0.0.1'])
  t.is(await ask(port, '', false), 'refused')
  t.is(await ask(port, 'PROXY TCP4 me you 1 2\r\n', true), 'refused')
})

test('nobody else can say who they are', async (t) => {
  const { port } = await serving(t, ['10.0.0.1'])
  t.is(await ask(port, LINE, true), 'refused')
  t.is(await ask(port, '', false), '127.0.0.1')
})

test('a head that comes too slowly is refused, and an idle connection ends, behind a balancer too', async (t) => {
  const limits = { ...LIMITS, headersTimeout: 200, keepAliveTimeout: 200, connectionsCheckingInterval: 50 }
  const { port } = await serving(t, [], limits)
  const tls = connectTls({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false })
  tls.write('GET / HTTP/1.1\r\nHost: local')
  let answer = ''
  for await (const chunk of tls) answer += chunk
  t.regex(answer, /^HTTP\/1\.1 408 /)
})

/** Whether the server ends a connection by which these bytes come, some each 100 ms; TLS or not. */
function ends(
  port: number,
  bytes: readonly string[],
  over: 'tcp' | 'tls',
  localAddress = '127.0.0.1',
): Promise<true> {
  const to = { host: '127.0.0.1', port, localAddress }
  const socket =
    over === 'tcp'
      ? connectTcp(to)
      : connectTls({ ...to, servername: 'localhost', rejectUnauthorized: false })
  let at = 0
  const drip = setInterval(() => {
    if (socket.writable) socket.write(bytes[at++ % bytes.length] ?? '')
  }, 100)
  socket.resume()
  socket.on('error', () => {})
  if (bytes[0])
    socket.once(over === 'tcp' ? 'connect' : 'secureConnect', () => socket.write(bytes[at++] ?? ''))
  return new Promise((done) =>
    socket.once('close', () => {
      clearInterval(drip)
      done(true)
    }),
  )
}

const HEAD = 'HTTP/1.1\r\nHost: localhost\r\n'
const SHORT: HttpsLimits = {
  ...LIMITS,
  ...{ handshakeTimeout: 400, headersTimeout: 400, bodyTimeout: 400, silence: 2_000 },
  connectionsCheckingInterval: 50,
}

for (const [what, bytes, over] of [
  ['says nothing', [''], 'tcp'],
  ['stays in the middle of the TLS handshake', ['\x16\x03\x01\x02\0\x01', ''], 'tcp'],
  ['drips a TLS handshake', ['\x16\x03\x01\x02\0\x01', '\0'], 'tcp'],
  ['says nothing after the TLS handshake', [''], 'tls'],
  ['drips its head', ['GET / HTTP/1.1\r\nHost: l', 'o'], 'tls'],
  ['drips the body of a GET', [`GET / ${HEAD}Content-Length: 9999\r\n\r\n`, 'x'], 'tls'],
  ['drips the body of a POST', [`POST / ${HEAD}Content-Length: 9999\r\n\r\n`, 'x'], 'tls'],
  [
    'drips a body in chunks by a method of its own',
    [`PROPFIND / ${HEAD}Transfer-Encoding: chunked\r\n\r\n`, '1\r\nx\r\n'],
    'tls',
  ],
] as const) {
  for (const behind of [true, false]) {
    test(`a connection that ${what} ends${behind ? ', behind a balancer too' : ''}`, async (t) => {
      const { port } = await serving(t, behind ? ['127.0.0.1'] : [], SHORT)
      if (behind && over === 'tls') t.pass('TLS behind the header is what the other tests show')
      else t.true(await ends(port, behind ? [LINE, ...bytes] : bytes, over))
    })
  }
}

test('a stranger may come often, but not stay; one who is known may', async (t) => {
  const limits = { ...CONNECTIONS, strangerLife: 400 }
  const { port } = await serving(t, [], { ...LIMITS, connectionsCheckingInterval: 50 }, limits)
  t.true(await ends(port, [`GET / ${HEAD}\r\n`], 'tls'))
})

test('TLS before 1.3 is refused', async (t) => {
  const { port } = await serving(t, [])
  const old = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, maxVersion: 'TLSv1.2' })
  const outcome = await new Promise((done) => {
    old.once('secureConnect', () => done('connected'))
    old.once('error', () => done('refused'))
  })
  t.is(outcome, 'refused')
})
