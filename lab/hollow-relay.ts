import { rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'

/**
 * Joins the network namespace of the hollow nodes to the API server: a unix socket's path is the same in every
 * namespace, a port of 127.0.0.1 is not. Started twice, as `node hollow-relay.ts outside|inside SOCKET PORT`.
 */
const [side, path = '', port = ''] = process.argv.slice(2)
const socket = { path }
const loopback = { host: '127.0.0.1', port: Number(port) }
const [from, to] = side === 'outside' ? [socket, loopback] : [loopback, socket]
if (side === 'outside') rmSync(path, { force: true })

createServer({ allowHalfOpen: true }, (near) => {
  const far = connect({ ...to, allowHalfOpen: true })
  near.pipe(far).pipe(near)
  near.once('error', () => far.destroy())
  far.once('error', () => near.destroy())
}).listen(from)
