import test from 'ava'
import { parse } from 'yaml'
import { brickUnit, refuseBrick } from '../../../lab/room/brick.ts'
import { kindConfig, pcsOf, refuseWish } from '../../../lab/room/plan.ts'

const OWN = {
  image: 'node:1',
  versions: { kubernetes: 'v1.37.2', etcd: 'v3.7.3', coredns: 'v1.15.0' },
  bricks: '/share/bricks',
}

test('PCs have the names that kind gives them, and addresses of their own', (t) => {
  const pcs = pcsOf('room', { masters: 5, workers: 20 })
  t.deepEqual(
    pcs.slice(0, 2).map((pc) => pc.name),
    ['room-control-plane', 'room-control-plane2'],
  )
  t.is(pcs.at(-1)?.name, 'room-worker20')
  t.is(new Set(pcs.map((pc) => pc.address)).size, 25)
})

test('an even number of masters is refused with the reason', (t) => {
  for (const masters of [0, 2, 4, 6]) t.regex(refuseWish({ masters, workers: 1 }) ?? '', /1, 3 or 5/)
  for (const masters of [1, 3, 5]) t.is(refuseWish({ masters, workers: 0 }), undefined)
  t.regex(refuseWish({ masters: 1, workers: 21 }) ?? '', /20/)
})

test('the configuration asks kubeadm for the versions that the image holds, and for the timings of the design', (t) => {
  const config = parse(kindConfig('room', { masters: 3, workers: 2 }, '/share/srv', OWN))
  t.deepEqual(
    config.nodes.map((node: { role: string }) => node.role),
    ['control-plane', 'control-plane', 'control-plane', 'worker', 'worker'],
  )
  const patches: { kind: string }[] = config.kubeadmConfigPatches.map((text: string) => parse(text))
  const patch = (kind: string) => patches.find((one) => one.kind === kind)
  t.like(patch('ClusterConfiguration'), {
    etcd: { local: { imageTag: '3.7.3-0' } },
    dns: { imageTag: 'v1.15.0' },
  })
  t.like(patch('KubeletConfiguration'), {
    nodeLeaseDurationSeconds: 16,
    podPidsLimit: 4096,
    containerLogMaxSize: '10Mi',
  })
})

test('masters take desktops when the others are full, and workers have no taint at all', (t) => {
  const { nodes } = parse(kindConfig('room', { masters: 1, workers: 1 }, '/share/srv', OWN))
  const effects = nodes.map((node: { kubeadmConfigPatches?: string[] }) =>
    (node.kubeadmConfigPatches ?? []).flatMap((text) =>
      parse(text).nodeRegistration.taints.map((taint: { effect: string }) => taint.effect),
    ),
  )
  t.deepEqual(effects, [['PreferNoSchedule', 'PreferNoSchedule'], []])
})

test('every PC has a disk for Gluster, and its Node says so', (t) => {
  const { nodes } = parse(kindConfig('room', { masters: 1, workers: 1 }, '/share/srv', OWN))
  for (const node of nodes) {
    t.deepEqual(node.labels, { 'deskfleet.io/brick': 'true' })
    t.deepEqual(node.extraMounts[1], { hostPath: OWN.bricks, containerPath: '/etc/room', readOnly: true })
  }
  t.regex(brickUnit(), /^Before=kubelet\.service$/m)
  t.regex(brickUnit(), /^ExecStart=\/usr\/local\/bin\/room-brick \/var\/lib\/deskfleet\/brick$/m)
  for (const gib of [0, 1.5, 101, Number.NaN]) t.regex(refuseBrick(gib) ?? '', /1 to 100 GiB/)
  for (const gib of [undefined, 1, 100]) t.is(refuseBrick(gib), undefined)
})

test("with kind's own node image nothing is said of images, and the timings stay", (t) => {
  const config = parse(kindConfig('room', { masters: 1, workers: 1 }, '/srv/here'))
  for (const node of config.nodes) {
    t.is(node.image, undefined)
    t.is(node.extraMounts[0].hostPath, '/srv/here')
    t.is(node.labels, undefined, 'its PCs have no disk for Gluster, and say of none')
  }
  const patches: { kind: string; etcd?: unknown; dns?: unknown }[] = config.kubeadmConfigPatches.map(
    (text: string) => parse(text),
  )
  t.true(patches.every(({ etcd, dns }) => etcd === undefined && dns === undefined))
  t.like(patches[0], {
    controllerManager: { extraArgs: [{ name: 'node-monitor-grace-period', value: '20s' }] },
  })
})
