import test from 'ava'
import { BRICK } from '../../config/labels.ts'
import { NAMESPACES } from '../../config/names.ts'
import { openDelivery } from '../../lab/delivery/deliver.ts'
import { REGISTRY } from '../../lab/room/registry.ts'
import type { Room } from '../../lab/room/room.ts'
import { must } from '../delivery/person.ts'
import { pcBecomes, readiness, sharedRoom } from '../harness/room.ts'
import { becomes, eventually, secondsOf } from '../harness/wait.ts'
import { fillStick, JOIN, type PcOfRoom, spareOfRoom } from './pc-of-room.ts'

/**
 * A PC of the room loses the disk of its system, and `installer/install.sh` makes it a node again: with Debian's own apt and systemd,
 * and the real containerd, kubelet and kubeadm, out of a bundle and nothing else.
 */

let room: Room
let pc: PcOfRoom
let isBlank = false

test.before(async (t) => {
  t.timeout(600_000)
  room = await sharedRoom()
  t.log(`the bundle took ${Math.round(await secondsOf(() => fillStick(room, t.log)))} s`)
  pc = await spareOfRoom(room)
})

test.after.always(async (t) => {
  t.timeout(300_000)
  if (isBlank) await pc.restore()
})

test.serial(
  'the disk of its system dies: it is a Debian without Kubernetes, and the room misses it',
  async (t) => {
    t.timeout(180_000)
    await t.throwsAsync(room.pc.blank('stranger'), { message: /no PC "stranger": it has / })
    isBlank = true
    t.log(`blank after ${Math.round(await secondsOf(() => room.pc.blank(pc.name)))} s`)
    for (const program of ['kubelet', 'kubeadm', 'containerd', 'runc', 'chronyd'])
      t.not((await pc.run(`command -v ${program}`)).code, 0, program)
    await pcBecomes(room, pc.name, 'Unknown')
  },
)

/** What the system writes by itself, the answers, and the brick. */
const NOT_COMPARED = ['/run', '/var/log', '/var/lib/systemd', '/var/lib/room', '/root']

/** All else that lies on its disk, one a line. */
async function onDisk(): Promise<ReadonlySet<string>> {
  const left = NOT_COMPARED.map((path) => `-path ${path} -prune`).join(' -o ')
  return new Set((await pc.said(`find / /var -xdev ${left} -o -printf '%p %y %m %s %T@ %l\\n'`)).split('\n'))
}

test.serial('a dry run shows every step and no secret, and changes nothing', async (t) => {
  t.timeout(120_000)
  const token = await pc.bringAnswers()
  const before = await onDisk()
  const { code, stdout, stderr } = await pc.install(...JOIN)
  t.is(code, 0, stdout + stderr)
  for (const line of [/^ 2\. packages +to do/m, /^ 3\. programs +to do/m, /^ 7\. join +to do/m])
    t.regex(stdout, line)
  t.regex(stdout, /Nothing was changed\. The same with --apply carries it out\.\n$/)
  t.true(token.length > 20)
  t.false(stdout.includes(token))
  const after = await onDisk()
  t.true(before.size > 1_000)
  t.deepEqual(
    [...before, ...after].filter((line) => !before.has(line) || !after.has(line)),
    [],
  )
})

test.serial('power goes while it joins, and the same call goes on', async (t) => {
  t.timeout(420_000)
  const began = performance.now()
  const cutOff = pc.install(...JOIN, '--apply')
  const trusts = async (): Promise<boolean> => (await pc.run('test -e /etc/kubernetes/pki/ca.crt')).code === 0
  await eventually('kubeadm has begun', trusts, { seconds: 240 })
  t.log(`power goes ${Math.round((performance.now() - began) / 1000)} s after the first call`)
  await room.pc.off(pc.name)
  const { code, stdout: first, stderr } = await cutOff
  t.not(code, 0)
  t.log(first, stderr)
  await room.pc.on(pc.name)
  const booted = async (): Promise<string> => (await pc.run('systemctl is-active multi-user.target')).stdout
  await becomes('its system', booted, 'active\n')
  const again = performance.now()
  const second = await pc.install(...JOIN, '--apply')
  t.log(second.stdout)
  t.is(second.code, 0, second.stdout + second.stderr)
  for (const step of [/2\. packages +done/, /3\. programs +done/, /6\. images +done/])
    t.regex(second.stdout, step)
  t.log(`it is a node ${Math.round((performance.now() - again) / 1000)} s after the second call`)
  t.is(await readiness(room, pc.name), 'True')
})

test.serial('its Node says what it is, and the pods of the platform run on it', async (t) => {
  t.timeout(240_000)
  const labels = JSON.parse(
    await must(room, ['get', 'node', pc.name, '--output', 'jsonpath={.metadata.labels}']),
  )
  for (const number of ['cores', 'memory-gib', 'link-mbit'])
    t.regex(labels[`deskfleet.io/${number}`] ?? '', /^\d+$/, number)
  t.is(labels[BRICK], undefined, 'it keeps no files')
  for (const [namespace, set] of [
    ['kube-system', 'kube-proxy'],
    ['kube-system', 'pod-network'],
    [NAMESPACES.storage, 'home-mounter'],
  ] as const)
    await becomes(`${set} on ${pc.name}`, () => podOf(namespace, set), 'True', {
      seconds: 150,
      every: 1_000,
    })
})

/** Whether the pod of a DaemonSet on this PC is ready. */
async function podOf(namespace: string, set: string): Promise<string> {
  const here = ['--field-selector', `spec.nodeName=${pc.name}`, '-o', 'json']
  const { items } = JSON.parse(await must(room, ['get', 'pods', '-n', namespace, ...here]))
  const own = items.find((pod: Pod) =>
    pod.metadata.ownerReferences?.some(({ kind, name }) => kind === 'DaemonSet' && name === set),
  )
  return own?.status.conditions?.find(({ type }: { type: string }) => type === 'Ready')?.status ?? 'none'
}

interface Pod {
  readonly metadata: {
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[]
  }
}

test.serial('a pod of ours starts there: its image comes by the login that the answers gave', async (t) => {
  t.timeout(240_000)
  const { images } = await openDelivery(room)
  const [name, door] = ['on-the-new-one', images.door]
  await pc.said(`! ctr --namespace k8s.io images ls --quiet | grep -q '^${REGISTRY}/door'`)
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: {
      nodeName: pc.name,
      terminationGracePeriodSeconds: 0,
      containers: [{ name, image: door, command: ['sleep', 'infinity'] }],
    },
  }
  await must(room, ['apply', '-f', '-'], JSON.stringify(pod))
  try {
    await must(room, ['wait', '--for=condition=Ready', `pod/${name}`, '-n', 'default', '--timeout=120s'])
    t.regex(await must(room, ['exec', name, '-n', 'default', '--', 'cat', '/etc/os-release']), /Debian/)
  } finally {
    await must(room, ['delete', 'pod', name, '-n', 'default', '--wait=false'])
  }
  t.is(await pc.said(`stat -c %a /etc/containerd/certs.d/${REGISTRY}/hosts.toml`), '600')
})

test.serial('status is content, another join has nothing to do, and the token is kept nowhere', async (t) => {
  t.timeout(120_000)
  const status = await pc.install('status')
  t.is(status.code, 0, status.stdout + status.stderr)
  t.regex(status.stdout, /is a worker of the room, to which it is: ready/)
  const again = await pc.install('join', '--apply')
  t.is(again.code, 0, again.stdout + again.stderr)
  t.regex(again.stdout, /Nothing to do\.\n$/)
  t.is(await pc.said('stat -c "%a %U" /etc/deskfleet.yaml'), '600 root')
  t.notRegex(await pc.said('cat /etc/deskfleet.yaml'), /^token:/m)
})
