import { createServer } from 'node:net'
import test from 'ava'
import { freePorts, saysAddressInUse } from '../../../lab/network/ports.ts'

test('gives that many different ports, all below those of outgoing connections', async (t) => {
  const ports = await freePorts(20)
  t.is(new Set(ports).size, 20)
  t.true(ports.every((port) => port >= 20_000 && port < 32_000))
})

/** A draw that hits this port. */
const drawOf = (port: number): number => (port - 20_000 + 0.5) / 12_000

async function listening(): Promise<{ port: number; close: () => void }> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 11_000)
    const server = createServer().listen(port, '127.0.0.1')
    const free = await new Promise((done) => {
      server.once('listening', () => done(true))
      server.once('error', () => done(false))
    })
    if (free) return { port, close: () => void server.close() }
  }
}

test('passes over a port that somebody listens on', async (t) => {
  const { port, close } = await listening()
  t.teardown(close)
  const draws = [port, port, port + 1, port + 2, port + 3].map(drawOf)
  t.not((await freePorts(1, () => draws.shift() ?? Math.random()))[0], port)
})

test('gives the same port to nobody else, also before it is bound', async (t) => {
  const [given = 0] = await freePorts(1)
  const draws = [given, given, given + 1, given + 2, given + 3].map(drawOf)
  t.not((await freePorts(1, () => draws.shift() ?? Math.random()))[0], given)
})

test('gives up with a reason instead of searching for ever', async (t) => {
  await t.throwsAsync(
    freePorts(2, () => 0.5),
    { message: /no 2 free ports/ },
  )
})

test('knows the words of a lost race', (t) => {
  t.true(saysAddressInUse('listen tcp 127.0.0.1:2379: bind: address already in use'))
  t.false(saysAddressInUse('connection refused'))
})
