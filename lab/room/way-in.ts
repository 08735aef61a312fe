import { join } from 'node:path'
import type { Machine } from '../machine/machine.ts'
import { freePorts } from '../network/ports.ts'
import type { Start } from '../run/run.ts'

const RELAY = join(import.meta.dirname, '..', 'network', 'relay.ts')

/**
 * Brings a place in a room's network (`ADDRESS:PORT`) to a port of 127.0.0.1 on the host, by two relays and a socket
 * between them, recorded as `NAME-inside` and `NAME-outside`. Resolves with the port.
 */
export async function wayIn(machine: Machine, start: Start, name: string, place: string): Promise<number> {
  const [port = 0] = await freePorts(1)
  const node = process.execPath
  const inside = [...machine.network, node, RELAY, `unix:${name}.sock`, `tcp:${place}`]
  await start(`${name}-inside`, 'nsenter', inside, { becomes: 'node' })
  await start(`${name}-outside`, node, [RELAY, `tcp:127.0.0.1:${port}`, `unix:${name}.sock`])
  return port
}
