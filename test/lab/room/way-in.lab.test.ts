import { type ChildProcess, spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import type { Machine } from '../../../lab/machine/machine.ts'
import { wayIn } from '../../../lab/room/way-in.ts'
import type { Start } from '../../../lab/run/run.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

test('a way into a room is open as soon as it is there, though its relays begin late', async (t) => {
  const place = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1')
  await new Promise((done) => place.once('listening', done))
  const address = place.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const cwd = temporaryFolder()
  const relays: Promise<ChildProcess>[] = []
  const late: Start = async (_, command, args) => {
    relays.push(sleep(500).then(() => spawn(command, args, { cwd, stdio: 'ignore' })))
    return 0
  }
  // The network of the machine itself is as good as any.
  const network: Pick<Machine, 'network'> = { network: ['--net=/proc/self/ns/net', '--'] }
  try {
    const way = await wayIn(network, late, 'place', `127.0.0.1:${port}`)
    t.is(await text(connect(way, '127.0.0.1')), 'hello')
  } finally {
    for (const relay of await Promise.all(relays)) relay.kill()
    place.close()
  }
})
