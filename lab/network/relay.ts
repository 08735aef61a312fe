import { rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'

/**
 * Joins a network namespace to the machine's own: a unix socket's path is the same in every namespace, a port of
 * 127.0.0.1 is not. Started on either side, as `node relay.ts FROM TO`, each `unix:PATH` or `tcp:HOST:PORT`.
 */
const [from = '', to = ''] = process.argv.slice(2)

const [kind, ...rest] = from.split(':')
if (kind === 'unix') rmSync(rest.join(':'), { force: true })

createServer({ allowHalfOpen: true }, (near) => {
  const far = connect({ ...place(to), allowHalfOpen: true })
  near.pipe(far).pipe(near)
  near.once('error', () => far.destroy())
  far.once('error', () => near.destroy())
}).listen(place(from))

function place(text: string): { path: string } | { host: string; port: number } {
  const [scheme, first = '', port] = text.split(':')
  return scheme === 'unix' ? { path: first } : { host: first, port: Number(port) }
}
