import { join } from 'node:path'
import type { StartOptions } from '../bare-lab.ts'
import { freePorts } from '../ports.ts'
import type { Machine } from './machine.ts'

const RELAY = join(import.meta.dirname, '..', 'relay.ts')

/** Starts a recorded process of a run. */
export type Start = (
  id: string,
  command: string,
  args: readonly string[],
  options?: StartOptions,
) => Promise<number>

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
