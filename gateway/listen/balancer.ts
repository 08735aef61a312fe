import type { BlockList, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { nameOf } from '../../service/connections.ts'
import { readProxyHeader } from './proxy-protocol.ts'

/** What stands before TLS: it takes a balancer's word for who is behind it. */
export interface BalancerFront {
  /** Reads the PROXY header of a connection from a balancer that is believed, and passes every other on as it is. */
  readonly receive: (socket: Socket, pass: (address: string) => void) => void
  /** Who is at the other end: the socket's address, or the one that a believed balancer told. */
  addressOf(socket: Duplex): string
}

/** Ms. A balancer says it with its first bytes. */
const PROXY_TIMEOUT = 3_000

/** Connections from `believed` must begin with a PROXY header; any other that does is no TLS, and ends. */
export function balancerFront(believed: BlockList): BalancerFront {
  const told = new Map<string, string>()
  return {
    receive(socket, pass) {
      const { remoteAddress = '', remoteFamily } = socket
      const family = isSix(remoteAddress, remoteFamily) ? 'ipv6' : 'ipv4'
      if (!believed.check(plain(remoteAddress), family)) return pass(plain(remoteAddress))
      const key = nameOf(socket)
      if (key === undefined) {
        socket.destroy()
        return
      }
      socket.once('close', () => told.delete(key))
      readHeader(socket, (address) => {
        if (address !== undefined) told.set(key, address)
        pass(address ?? plain(remoteAddress))
      })
    },
    addressOf: (socket) => told.get(nameOf(socket) ?? '') ?? plain(addressOf(socket)),
  }
}

const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '')
const isSix = (address: string, family: string | undefined): boolean =>
  family === 'IPv6' && plain(address) === address

const addressOf = (socket: Duplex): string =>
  'remoteAddress' in socket && typeof socket.remoteAddress === 'string' ? socket.remoteAddress : ''

/** Reads exactly the header, and leaves every byte behind it to TLS. */
function readHeader(socket: Socket, done: (address: string | undefined) => void): void {
  const timer = setTimeout(() => socket.destroy(), PROXY_TIMEOUT)
  let bytes = Buffer.alloc(0)
  const finish = () => {
    clearTimeout(timer)
    socket.off('readable', look)
    socket.off('close', finish)
  }
  const look = () => {
    for (let chunk: unknown = socket.read(); Buffer.isBuffer(chunk); chunk = socket.read()) {
      bytes = Buffer.concat([bytes, chunk])
    }
    const header = readProxyHeader(bytes)
    if (header.state === 'more') return
    finish()
    if (header.state === 'bad') {
      socket.destroy()
      return
    }
    const rest = bytes.subarray(header.length)
    if (rest.length > 0) socket.unshift(rest)
    done(header.address)
  }
  socket.on('readable', look)
  socket.once('close', finish)
}
