import test from 'ava'
import { z } from 'zod'
import type { Room } from '../../../lab/room/room.ts'
import { pcBecomes, sharedRoom } from '../../harness/room.ts'
import { becomes } from '../../harness/wait.ts'

const Nodes = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({ taints: z.array(z.object({ effect: z.string() })).default([]) }),
      status: z.object({ addresses: z.array(z.object({ type: z.string(), address: z.string() })) }),
    }),
  ),
})

const nodesOf = async (room: Room) =>
  Nodes.parse(JSON.parse((await room.run(['get', 'nodes', '-o', 'json'])).stdout)).items

const named = (room: Room, role: 'master' | 'worker', index: number): string =>
  room.pcs.filter((pc) => pc.role === role)[index]?.name ?? ''

/** The etcd members that answer, as one that runs sees them: `3 of 3`. */
async function etcdHealth(room: Room, from: string): Promise<string> {
  const pki = '/etc/kubernetes/pki/etcd'
  const flags = [
    `--cacert=${pki}/ca.crt`,
    `--cert=${pki}/server.crt`,
    `--key=${pki}/server.key`,
    '--command-timeout=3s',
  ]
  const asked = await room.run([
    ...['exec', '-n', 'kube-system', `etcd-${from}`, '--request-timeout=15s', '--'],
    ...['etcdctl', ...flags, 'endpoint', 'health', '--cluster', '-w', 'json'],
  ])
  const answers = z.array(z.object({ health: z.boolean() })).safeParse(parseJson(asked.stdout))
  if (!answers.success) return asked.stderr.trim()
  return `${answers.data.filter((one) => one.health).length} of ${answers.data.length}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

test.serial('every PC is ready, has its pinned address, and takes desktops, masters too', async (t) => {
  const room = await sharedRoom()
  const nodes = await nodesOf(room)
  t.deepEqual(nodes.map((node) => node.metadata.name).sort(), room.pcs.map((pc) => pc.name).sort())
  for (const pc of room.pcs) {
    await pcBecomes(room, pc.name, 'True')
    const node = nodes.find((one) => one.metadata.name === pc.name)
    t.is(node?.status.addresses.find((one) => one.type === 'InternalIP')?.address, pc.address)
    t.deepEqual(
      node?.spec.taints.filter((taint) => taint.effect === 'NoSchedule'),
      [],
      pc.name,
    )
  }
})

test.serial('a worker loses power: it is known as silent, and comes back from its disk', async (t) => {
  const room = await sharedRoom()
  const worker = named(room, 'worker', 0)
  await room.machine.must(['podman', 'exec', worker, 'sh', '-c', 'echo kept >/var/lib/proof'])
  await room.pc.off(worker)
  t.false(await room.pc.isOn(worker))
  t.log(`known as silent after ${(await pcBecomes(room, worker, 'Unknown')).toFixed(0)} s`)
  await room.pc.on(worker)
  t.log(`ready again ${(await pcBecomes(room, worker, 'True')).toFixed(0)} s after power`)
  t.is(await room.machine.must(['podman', 'exec', worker, 'cat', '/var/lib/proof']), 'kept\n')
})

test.serial(
  'a master loses power: the API goes on, etcd has two of three, and three again after',
  async (t) => {
    const room = await sharedRoom()
    const [first, other] = [named(room, 'master', 0), named(room, 'master', 1)]
    await becomes('etcd', () => etcdHealth(room, other), '3 of 3')
    await room.pc.off(first)
    t.log(`known as silent after ${(await pcBecomes(room, first, 'Unknown')).toFixed(0)} s`)
    await becomes('etcd', () => etcdHealth(room, other), '2 of 3')
    const written = await room.run(['create', 'configmap', 'written-with-two', '-n', 'default'])
    t.is(written.code, 0, written.stderr)
    await room.pc.on(first)
    t.log(`ready again ${(await pcBecomes(room, first, 'True')).toFixed(0)} s after power`)
    t.log(`etcd whole ${(await becomes('etcd', () => etcdHealth(room, other), '3 of 3')).toFixed(0)} s later`)
    t.is(
      (await nodesOf(room)).find((node) => node.metadata.name === first)?.status.addresses[0]?.address,
      room.pcs[0]?.address,
    )
  },
)

test.serial(
  'a PC that is cut from the network keeps running, and is Ready again when the network is back',
  async (t) => {
    const room = await sharedRoom()
    const worker = named(room, 'worker', 1)
    await room.pc.cut(worker)
    t.log(`known as silent after ${(await pcBecomes(room, worker, 'Unknown')).toFixed(0)} s`)
    t.true(await room.pc.isOn(worker))
    await room.pc.mend(worker)
    t.log(`ready again ${(await pcBecomes(room, worker, 'True')).toFixed(0)} s after mending`)
  },
)

test.serial('a PC is rebooted in order', async (t) => {
  const room = await sharedRoom()
  const worker = named(room, 'worker', 1)
  const bootOf = async () =>
    (await room.machine.must(['podman', 'inspect', '--format', '{{.State.StartedAt}}', worker])).trim()
  const before = await bootOf()
  await room.pc.reboot(worker)
  t.not(await bootOf(), before)
  await pcBecomes(room, worker, 'True')
  t.pass()
})

test.serial('a PC that the room does not have is refused with the names that it has', async (t) => {
  const room = await sharedRoom()
  await t.throwsAsync(room.pc.off('room-worker99'), { message: /no PC "room-worker99": it has / })
})
