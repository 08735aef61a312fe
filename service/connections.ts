import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type CrowdLimits, newCrowd } from './crowd.ts'

export interface ConnectionLimits extends CrowdLimits {
  /** Ms that a connection lasts at most by which nobody becomes known. @default as long as it likes */
  readonly strangerLife?: number
}

/** The connections of a server, counted before TLS begins. */
export interface Connections {
  /** Counts a connection until it closes, and ends one when there are too many: another, or this one. */
  enter(socket: Socket, address: string): void
  /** How many are open now. */
  size(): number
  /** That connection carries somebody who is known: neither its address nor its age counts any more. */
  know(socket: Duplex, who: string): void
}

/** @param tooMany told of each connection that had to leave because there were too many */
export function openConnections(limits: ConnectionLimits, tooMany: () => void = () => {}): Connections {
  const crowd = newCrowd(limits)
  const sockets = new Map<string, { readonly socket: Socket; timer?: NodeJS.Timeout }>()
  return {
    enter(socket, address) {
      const id = nameOf(socket)
      // Its other end has left already, and a nameless one could not be found again.
      if (id === undefined) {
        socket.destroy()
        return
      }
      const entry: { readonly socket: Socket; timer?: NodeJS.Timeout } = { socket }
      if (limits.strangerLife !== undefined)
        entry.timer = setTimeout(() => socket.destroy(), limits.strangerLife).unref()
      sockets.set(id, entry)
      socket.once('close', () => {
        clearTimeout(entry.timer)
        if (sockets.get(id) !== entry) return
        sockets.delete(id)
        crowd.leave(id)
      })
      const leaves = crowd.enter(id, address)
      if (leaves === undefined) return
      tooMany()
      sockets.get(leaves)?.socket.destroy()
    },
    size: crowd.size,
    know(socket, who) {
      const id = nameOf(socket)
      if (id !== undefined && crowd.know(id, who)) clearTimeout(sockets.get(id)?.timer)
    },
  }
}

/** TLS wraps the socket, but both know the other end: address and port name a connection while it lives. */
export function nameOf(socket: Duplex): string | undefined {
  const { remoteAddress, remotePort } = socket as Partial<Socket>
  return remoteAddress === undefined ? undefined : `${remoteAddress} ${remotePort}`
}
