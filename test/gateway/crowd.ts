import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * A process of its own, so that it takes no time of the gateway's: many connections to a port of loopback that want
 * nothing but to be there. They stay until it is told that it was enough; then it waits until all of them have ended. It
 * makes so many and no more: what floods the kernel's own queue never comes to a program.
 *
 * Arguments: the port, how many connections, from how many addresses, and `ahead` where a balancer's word stands in for an address.
 * Says how many it has tried, and in the end that all have ended.
 */

const [port = '', tries = '', addresses = '', way = ''] = process.argv.slice(2)
const HELLO_BEGUN = Buffer.from('\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 'latin1')
const alive = new Set<Socket>()
let stopped = false

process.on('message', () => {
  stopped = true
})

for (let tried = 0; tried < Number(tries) && !stopped; tried++) {
  const who = tried % Number(addresses)
  const ahead = way === 'ahead' ? `PROXY TCP4 192.0.2.${who + 1} 198.51.100.1 50000 443\r\n` : ''
  const from = way === 'ahead' ? {} : { localAddress: `127.0.0.${who + 10}` }
  const socket = connect({ host: '127.0.0.1', port: Number(port), ...from })
  alive.add(socket)
  socket.on('error', () => {})
  socket.on('close', () => alive.delete(socket))
  socket.resume()
  // Every second one begins TLS and says no more.
  if (ahead || tried % 2)
    socket.write(Buffer.concat([Buffer.from(ahead), tried % 2 ? HELLO_BEGUN : Buffer.alloc(0)]))
  if (tried % 100 !== 99) continue
  process.send?.({ tried: tried + 1 })
  await sleep(40)
}
while (!stopped) await sleep(100)
while (alive.size > 0) {
  // One that the kernel never handed over hears of its end only when it says something.
  for (const socket of alive) socket.write('.')
  await sleep(1_000)
}
process.send?.({ ended: true })
process.disconnect()
