import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Linux takes the local end of an outgoing connection from 32768 upwards: a port below cannot be taken that way
 * between being found free here and being bound by the component it was found for.
 */
const FIRST = 20_000
const LAST = 32_000

/** One file for each port that was given out lately: two labs at once must not be told the same before it is bound. */
const GIVEN = join(tmpdir(), 'deskfleet-ports')
/** Ms. What was not bound by then never will be. */
const LATELY = 10 * 60_000

/**
 * That many different free TCP ports of 127.0.0.1, which nobody else on this machine is given for ten minutes. All are
 * held until the last is found, then let go.
 */
export async function freePorts(count: number, random: () => number = Math.random): Promise<number[]> {
  forgetOld()
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
      if (!give(port)) continue
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

function forgetOld(): void {
  mkdirSync(GIVEN, { recursive: true })
  for (const name of readdirSync(GIVEN)) {
    const file = join(GIVEN, name)
    const given = statSync(file, { throwIfNoEntry: false })
    if (given && Date.now() - given.mtimeMs > LATELY) rmSync(file, { force: true })
  }
}

function give(port: number): boolean {
  try {
    writeFileSync(join(GIVEN, `${port}`), '', { flag: 'wx' })
    return true
  } catch {
    return false
  }
}

function hold(port: number): Promise<Server | undefined> {
  return new Promise((done) => {
    const server = createServer()
    server.once('error', () => done(undefined))
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => done(server))
  })
}
