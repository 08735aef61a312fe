import test from 'ava'
import { parse } from 'yaml'
import {
  containerOf,
  joinConfiguration,
  newcomer,
  readInvitation,
  refuseLeaving,
} from '../../../lab/room/newcomer.ts'
import { pcsOf } from '../../../lab/room/plan.ts'

const pcs = pcsOf('room', { masters: 3, workers: 2 })

test('a newcomer is a worker, at the first address that is free', (t) => {
  t.deepEqual(newcomer('room', pcs, 'room-worker3'), {
    ok: true,
    pc: { name: 'room-worker3', role: 'worker', address: '10.90.0.53' },
  })
  const without = pcs.filter(({ name }) => name !== 'room-worker')
  t.like(newcomer('room', without, 'other'), { pc: { address: '10.90.0.51' } })
})

test('no newcomer has a name that is taken or that cannot be one, or an address of somebody else', (t) => {
  const refusalOf = (name: string, of = pcs): string => {
    const found = newcomer('room', of, name)
    return found.ok ? '' : found.refusal
  }
  t.regex(refusalOf('room-worker'), /has a "room-worker" already/)
  t.regex(refusalOf('room-external-load-balancer'), /already/)
  for (const name of ['', 'Upper', 'a b', '-a', 'a;b']) t.regex(refusalOf(name), /cannot name a PC/, name)
  const all = Array.from({ length: 49 }, (_, index) => ({
    name: `pc-${index}`,
    role: 'worker' as const,
    address: `10.90.0.${51 + index}`,
  }))
  t.regex(refusalOf('one-more', all), /no address left/, 'the next one is that of the door')
})

test('workers leave, masters do not', (t) => {
  t.is(refuseLeaving(pcs, 'room-worker2'), undefined)
  t.regex(refuseLeaving(pcs, 'room-control-plane2') ?? '', /is a master/)
  t.regex(refuseLeaving(pcs, 'nobody') ?? '', /no PC "nobody": it has room-control-plane, /)
})

const pc = { name: 'newbie', role: 'worker', address: '10.90.0.53' } as const

test('a newcomer is made as kind makes the others, on a disk of its own', (t) => {
  const args = containerOf('room', pc, { image: 'node:1', disk: 'volume-1' })
  t.is(args.at(-1), 'node:1')
  for (const said of [
    'volume-1:/var:suid,exec,dev',
    '/share/srv:/srv/deskfleet',
    '/share/bricks:/etc/room:ro',
  ])
    t.is(args[args.indexOf(said) - 1], '--volume', said)
})

test('it joins by what kubeadm on a master says, and is known by its address and its brick', (t) => {
  const invitation = readInvitation(
    'kubeadm join room-external-load-balancer:6443 --token abcdef.0123456789abcdef \
--discovery-token-ca-cert-hash sha256:00ff \n',
  )
  const { discovery, nodeRegistration } = parse(joinConfiguration('room', pc, invitation))
  t.deepEqual(discovery.bootstrapToken, {
    apiServerEndpoint: 'room-external-load-balancer:6443',
    token: 'abcdef.0123456789abcdef',
    caCertHashes: ['sha256:00ff'],
  })
  t.deepEqual(nodeRegistration.kubeletExtraArgs, [
    { name: 'node-ip', value: '10.90.0.53' },
    { name: 'node-labels', value: 'deskfleet.io/brick=true' },
    { name: 'provider-id', value: 'kind://podman/room/newbie' },
  ])
  t.throws(() => readInvitation('kubeadm has changed'), { message: /no known way/ })
})
