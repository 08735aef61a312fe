import { createServer } from 'node:net'
import test from 'ava'
import { freePorts, saysAddressInUse } from '../../lab/ports.ts'

test('gives that many different ports, all below those of outgoing connections', async (t) => {
  const ports = await freePorts(20)
  t.is(new Set(ports).size, 20)
  t.true(ports.every((port) => port >= 20_000 && port < 32_000))
})

test('passes over a port that somebody listens on', async (t) => {
  const [taken = 0] = await freePorts(1)
  const server = createServer().listen(taken, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  const draws = [taken, taken, taken + 1, taken + 2].map((port) => (port - 20_000 + 0.5) / 12_000)
  const ports = await freePorts(1, () => draws.shift() ?? 0)
  t.not(ports[0], taken)
  server.close()
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
