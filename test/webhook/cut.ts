import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A line to a server on loopback that can be cut and mended, as a network does. */
export interface Line {
  readonly port: number
  cut(): void
  mend(): void
  end(): void
}

/** @param host Where it is called, of the machine's own addresses; the server is at 127.0.0.1 all the same. */
export async function lineTo(port: number, host = '127.0.0.1'): Promise<Line> {
  const sockets = new Set<Socket>()
  let whole = true
  const server = createServer((near) => {
    if (!whole) {
      near.destroy()
      return
    }
    const far = connect(port, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  server.listen(0, host)
  await once(server, 'listening')
  const cut = () => {
    whole = false
    for (const socket of sockets) socket.destroy()
  }
  const address = server.address() as AddressInfo
  return {
    port: address.port,
    cut,
    mend: () => {
      whole = true
    },
    end: () => {
      cut()
      server.close()
    },
  }
}
