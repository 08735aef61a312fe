import { connect } from 'node:net'
import { join } from 'node:path'
import type { Machine } from '../machine/machine.ts'
import { freePorts } from '../network/ports.ts'
import { until } from '../run/readiness.ts'
import type { Start } from '../run/run.ts'

const RELAY = join(import.meta.dirname, '..', 'network', 'relay.ts')

/** Ms that two relays take to listen at most, on a busy machine. */
const PATIENCE = 15_000
/** Ms after which a connection that nobody took would be closed. */
const CLOSED_WITHIN = 250

/**
 * Brings a place in a room's network (`ADDRESS:PORT`) to a port of 127.0.0.1 on the host, by two relays and a socket
 * between them, recorded as `NAME-inside` and `NAME-outside`. Resolves with the port, once one can connect to it: at a
 * place where nobody listens yet, when both relays must have begun.
 */
export async function wayIn(
  machine: Pick<Machine, 'network'>,
  start: Start,
  name: string,
  place: string,
): Promise<number> {
  const [port = 0] = await freePorts(1)
  const node = process.execPath
  const inside = [...machine.network, node, RELAY, `unix:${name}.sock`, `tcp:${place}`]
  await start(`${name}-inside`, 'nsenter', inside, { becomes: 'node' })
  await start(`${name}-outside`, node, [RELAY, `tcp:127.0.0.1:${port}`, `unix:${name}.sock`])
  await until(
    `the way to ${place}`,
    PATIENCE,
    () => isOpen(port),
    () => true,
  )
  return port
}

/** Whether a connection is taken, and stays. */
function isOpen(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1')
    const answer = (open: boolean): void => {
      socket.destroy()
      done(open)
    }
    socket.once('connect', () => setTimeout(answer, CLOSED_WITHIN, true))
    socket.once('error', () => answer(false))
    socket.once('close', () => answer(false))
  })
}
