import { BlockList, connect as connectTcp } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import test from 'ava'
import { selfSigned } from '../../certificates/self-signed.ts'
import { type Serving, serve } from '../../gateway/listen/serve.ts'

/** The listening port: TLS, and the PROXY protocol from those who are believed. */

async function serving(
  t: { teardown(undo: () => void): void },
  believed: readonly string[],
): Promise<Serving> {
  const list = new BlockList()
  for (const address of believed) list.addAddress(address)
  const at: Serving = await serve(
    { host: '127.0.0.1', port: 0 },
    await selfSigned(['localhost'], new Date()),
    list,
    {
      request: (request, response) => response.end(at.addressOf(request.socket)),
      upgrade: (_request, socket) => socket.destroy(),
    },
  )
  t.teardown(() => void at.drain(Promise.resolve()))
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
