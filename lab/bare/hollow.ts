import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { writeKubeconfig } from '../kubectl/kubeconfig.ts'
import { until } from '../run/readiness.ts'
import { readRecord } from '../run/record.ts'
import { logTail, runs, startProcess } from '../run/run.ts'
import { issue } from './certificates.ts'
import type { Credentials } from './credentials.ts'

/** The name of the n-th hollow node, also the id of its process; counted from 1. */
export const hollowName = (number: number): string => `hollow-${number}`

/**
 * Kubemark's kubelets: real kubelet code over a container runtime that only pretends. Their ports are open on all
 * addresses and ask nobody who calls, and no flag changes that; so they live in a network namespace of their own,
 * where there is nothing but loopback and a relay to the API server.
 */
export async function startHollowNodes(
  dir: string,
  server: string,
  credentials: Credentials,
  kubemark: string,
  numbers: readonly number[],
): Promise<void> {
  const holder = runs(dir, 'hollow-network') ? holderOf(dir) : await startNetwork(dir, server)
  for (const number of numbers) {
    const name = hollowName(number)
    await writeNodeKubeconfig(dir, server, credentials, name)
    const node = [NODE, dir, kubemark, name, addressOf(number), String(10_250 + number)]
    const args = [...enter(holder), 'unshare', '--mount', 'sh', ...node]
    await startProcess(dir, name, 'nsenter', args, { becomes: 'kubemark' })
  }
}

const RELAY = join(import.meta.dirname, '..', 'network', 'relay.ts')
const NETWORK = join(import.meta.dirname, 'hollow-network.sh')
const NODE = join(import.meta.dirname, 'hollow-node.sh')

/** Of the private network 10.97.0.0/16. */
const addressOf = (number: number): string => `10.97.${Math.floor(number / 250)}.${(number % 250) + 1}`

async function writeNodeKubeconfig(
  dir: string,
  server: string,
  credentials: Credentials,
  name: string,
): Promise<void> {
  const authority = credentials.pair('cluster-ca')
  const own = await issue(authority, { name: `system:node:${name}`, groups: ['system:nodes'] })
  writeKubeconfig(join(dir, `${name}.kubeconfig`), server, authority.certificate, name, own)
}

/** Starts both relays; the inner one holds the namespace and is what the nodes enter it by. Resolves with its pid. */
async function startNetwork(dir: string, server: string): Promise<number> {
  const { port } = new URL(server)
  const node = process.execPath
  // A socket's path may have 107 characters: relative to the run's folder it is short wherever that is.
  await startProcess(dir, 'hollow-relay', node, [RELAY, 'unix:hollow.sock', `tcp:127.0.0.1:${port}`])
  const args = [...own(), 'sh', NETWORK, node, RELAY, `tcp:127.0.0.1:${port}`, 'unix:hollow.sock']
  const pid = await startProcess(dir, 'hollow-network', 'unshare', args, { becomes: basename(node) })
  const listens = async (): Promise<boolean> =>
    existsSync(join(dir, 'hollow.sock')) && listensInside(pid, Number(port))
  const outcome = await until('the network of the hollow nodes', 10_000, listens, () =>
    runs(dir, 'hollow-network'),
  )
  if (outcome.ready) return pid
  throw new Error(
    `${outcome.reason}: hollow nodes need unshare, nsenter (util-linux), ip (iproute2), and root or unprivileged ` +
      `user namespaces.\n${logTail(dir, 'hollow-network')}`,
  )
}

/** Whoever is not root makes the network namespace inside a user namespace that maps them to root. */
const isRoot = (): boolean => process.getuid?.() === 0
const own = (): string[] => (isRoot() ? ['--net'] : ['--user', '--map-root-user', '--net'])
const enter = (pid: number): string[] => [
  ...(isRoot() ? [] : [`--user=/proc/${pid}/ns/user`, '--preserve-credentials']),
  `--net=/proc/${pid}/ns/net`,
]

function holderOf(dir: string): number {
  const holder = readRecord(dir)?.processes.find((one) => one.id === 'hollow-network')?.process
  if (!holder) throw new Error('the network of the hollow nodes is not recorded')
  return holder.pid
}

/** Whether something listens on that port inside the namespace of a process, as its own /proc/net/tcp shows it. */
function listensInside(pid: number, port: number): boolean {
  const entry = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`
  try {
    return readFileSync(`/proc/${pid}/net/tcp`, 'latin1').includes(entry)
  } catch {
    return false
  }
}
