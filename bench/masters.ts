import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { CoordinationV1Api, CoreV1Api } from '@kubernetes/client-node'
import { keptClient } from '../cluster/client.ts'
import { openEyes } from '../orchestrator/observe/look.ts'
import { step } from '../orchestrator/step.ts'
import { systemClock } from '../service/clock.ts'
import { atOnce } from '../service/turns.ts'
import { type MastersRoom, openRoom } from '../test/orchestrator/run/room.ts'
import { machine } from './machine.ts'
import { writeResult } from './results.ts'
import { shown, spread } from './spread.ts'

/**
 * What a look of the orchestrator takes in rooms of a hundred and a thousand PCs, beside the floor: the same lists of the same API
 * server, fetched at once and read as JSON. Three masters with real etcd; the other Nodes, their Leases and five pods on each lie in
 * the API server and do nothing.
 */

const SIZES = [100, 1_000]
const PODS = 5
const LOOKS = 15
/** Seconds that are promised for a look and what is decided on it. */
const TARGET = 1.5

const say = (line: string): void => console.error(`  ${line}`)
const never = new AbortController().signal

export async function run(): Promise<void> {
  const result = { machine: machine(), target: TARGET, pods: PODS, rooms: [] as object[] }
  const room = await openRoom(4, 3)
  try {
    let filled = 4
    for (const pcs of SIZES) {
      say(`${pcs} PCs with ${PODS} pods on each`)
      await fill(room, filled, pcs)
      filled = pcs
      const measured = await measure(room)
      result.rooms.push({ pcs, ...measured })
      for (const [what, values] of Object.entries(measured))
        console.log(`${pcs} PCs, ${what}: ${shown(spread(values), 0)} ms`)
    }
    writeResult('masters', result)
  } finally {
    await room.end()
  }
}

async function measure({ cluster, pcs, state, running }: MastersRoom) {
  const { authority } = pcs.etcd.credentials
  const eyes = openEyes({ cluster, gateway: pcs.gateway, clock: systemClock, authority })
  const { policy } = await running().store.read()
  const orders = { halt: undefined, resumed: 0, pauses: [], stepDown: undefined }
  const fetchAll = lists(cluster.getCurrentCluster(), cluster.getCurrentUser())
  const times: Record<
    'floor of masters' | 'masters' | 'floor of everything' | 'everything' | 'decision',
    number[]
  > = {
    'floor of masters': [],
    masters: [],
    'floor of everything': [],
    everything: [],
    decision: [],
  }
  const took = async (work: () => Promise<unknown>): Promise<number> => {
    const since = performance.now()
    await work()
    return performance.now() - since
  }
  for (let turn = 0; turn < LOOKS; turn++) {
    times['floor of masters'].push(await took(() => fetchAll(['/api/v1/nodes', LEASES])))
    times.masters.push(await took(() => eyes.look('masters', orders)))
    times['floor of everything'].push(await took(() => fetchAll(['/api/v1/nodes', LEASES, '/api/v1/pods'])))
    let facts: Awaited<ReturnType<typeof eyes.look>>['facts'] | undefined
    times.everything.push(await took(async () => (facts = (await eyes.look('whole', orders)).facts)))
    const before = await state()
    if (facts) {
      const since = performance.now()
      step(facts, before, policy, Date.now())
      times.decision.push(performance.now() - since)
    }
  }
  return times
}

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'

/** Fetches lists at once and reads them; nothing less can be done with them. */
function lists(
  server: { server: string; caData?: string; caFile?: string } | null,
  user: { certData?: string; keyData?: string; certFile?: string; keyFile?: string } | null,
): (paths: readonly string[]) => Promise<void> {
  const pem = (data?: string, file?: string) =>
    data ? Buffer.from(data, 'base64') : file ? readFileSync(file) : Buffer.alloc(0)
  const options = {
    ca: pem(server?.caData, server?.caFile),
    cert: pem(user?.certData, user?.certFile),
    key: pem(user?.keyData, user?.keyFile),
  }
  const get = (path: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      request(`${server?.server}${path}`, options, async (answer) => {
        const pieces: Buffer[] = []
        for await (const piece of answer) pieces.push(piece)
        resolve(JSON.parse(Buffer.concat(pieces).toString()))
      })
        .once('error', reject)
        .end()
    })
  return async (paths) => void (await Promise.all(paths.map(get)))
}

/** PCs of which nobody simulates the kubelet. */
async function fill({ core, cluster }: MastersRoom, from: number, to: number): Promise<void> {
  const coordination = keptClient(cluster, CoordinationV1Api)
  const own = keptClient(cluster, CoreV1Api)
  const namespace = 'default'
  const names = Array.from({ length: to - from }, (_, at) => `pc-${from + at + 1}`)
  await atOnce(names, 8, never, async (name) => {
    await core.createNode({ body: { metadata: { name, labels: { 'kubernetes.io/hostname': name } } } })
    await coordination.createNamespacedLease({
      namespace: 'kube-node-lease',
      body: {
        metadata: { name, namespace: 'kube-node-lease' },
        spec: { holderIdentity: name, leaseDurationSeconds: 40 },
      },
    })
    for (let at = 0; at < PODS; at++)
      await own.createNamespacedPod({
        namespace,
        body: {
          metadata: { name: `${name}-${at}`, labels: { app: 'filler' } },
          spec: {
            nodeName: name,
            automountServiceAccountToken: false,
            tolerations: [{ operator: 'Exists' }],
            containers: [
              {
                name: 'pause',
                image: 'registry.test/pause:1',
                command: ['sleep', 'infinity'],
                env: [{ name: 'SOME', value: 'x'.repeat(200) }],
              },
            ],
          },
        },
      })
  })
}
