import { createServer, type Server } from 'node:net'

/**
 * Linux takes the local end of an outgoing connection from 32768 upwards: a port below cannot be taken that way
 * between being found free here and being bound by the component it was found for.
 */
const FIRST = 20_000
const LAST = 32_000

/** That many different free TCP ports of 127.0.0.1. All are held until the last is found, then let go. */
export async function freePorts(count: number, random: () => number = Math.random): Promise<number[]> {
  const held: Server[] = []
  const ports: number[] = []
  try {
    for (let tries = 0; ports.length < count; tries++) {
      if (tries > count + 200)
        throw new Error(`no ${count} free ports of 127.0.0.1 between ${FIRST} and ${LAST}`)
      const port = FIRST + Math.floor(random() * (LAST - FIRST))
      const server = await hold(port)
      if (!server) continue
      held.push(server)
      ports.push(port)
    }
    return ports
  } finally {
    await Promise.all(held.map((server) => new Promise((done) => server.close(done))))
  }
}

/** Whether a component's log says that it lost the race for its port. */
export function saysAddressInUse(log: string): boolean {
  return /address already in use|EADDRINUSE/.test(log)
}

function hold(port: number): Promise<Server | undefined> {
  return new Promise((done) => {
    const server = createServer()
    server.once('error', () => done(undefined))
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => done(server))
  })
}
