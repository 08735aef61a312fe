import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from '../kubectl/cluster.ts'
import { runKubectl } from '../kubectl/kubectl.ts'
import type { Machine } from '../machine/machine.ts'
import { until } from '../run/readiness.ts'
import { runs, type Start, startProcess } from '../run/run.ts'
import { balancerOf, pcsOf, type RoomWish } from './plan.ts'
import { wayIn } from './way-in.ts'

/** The API of a room that is being made. */
export interface RoomApi {
  /** `https://127.0.0.1:PORT` */
  readonly server: string
  readonly run: Cluster['run']
  /** All nodes, as JSON. */
  nodes(): Promise<string>
}

/** Brings the room's API to a port of 127.0.0.1 on the host, and waits until it answers there. */
export async function openApi(
  dir: string,
  room: string,
  wish: RoomWish,
  machine: Machine,
  kubectl: string,
): Promise<RoomApi> {
  const inside = wish.masters === 1 ? pcsOf(room, wish)[0]?.address : balancerOf(room).address
  const start: Start = (id, command, args, options) => startProcess(dir, id, command, args, options)
  const server = `https://127.0.0.1:${await wayIn(machine, start, 'api', `${inside}:6443`)}`
  const given = readFileSync(join(machine.share, 'kubeconfig'), 'utf8')
  const kubeconfig = given.replace(/server: https:\/\/127\.0\.0\.1:\d+/, `server: ${server}`)
  writeFileSync(join(dir, 'admin.kubeconfig'), kubeconfig, { mode: 0o600 })
  const run: Cluster['run'] = (args, options) => runKubectl(dir, kubectl, args, options)
  const ready = async (): Promise<boolean> =>
    (await run(['get', '--raw', '/readyz', '--request-timeout=2s'])).code === 0
  const outcome = await until("the room's API server", 30_000, ready, () => runs(dir, 'api-outside'))
  if (!outcome.ready) throw new Error(outcome.reason)
  return { server, run, nodes: async () => (await run(['get', 'nodes', '-o', 'json'])).stdout }
}
