import test from 'ava'
import { balancerList } from '../../../lab/room/balancer.ts'
import { doorOf } from '../../../lab/room/door-file.ts'
import { partOf } from '../../../lab/room/etcd-members.ts'
import { seenPcs } from '../../../lab/room/roles.ts'

const node = (name: string, labels: object, ready?: string) => ({
  metadata: { name, labels },
  status: { conditions: ready === undefined ? [] : [{ type: 'Ready', status: ready }] },
})

test('a PC is what its Node says now, whatever it was made as', (t) => {
  const master = { 'node-role.kubernetes.io/control-plane': '' }
  const items = [
    node('room-worker', master, 'True'),
    node('room-control-plane', {}, 'Unknown'),
    node('new', {}),
  ]
  const seen = seenPcs(JSON.stringify({ items }))
  t.deepEqual(seen.get('room-worker'), { role: 'master', state: 'ready' })
  t.deepEqual(seen.get('room-control-plane'), { role: 'worker', state: 'silent' })
  t.deepEqual(seen.get('new'), { role: 'worker', state: 'silent' })
})

test('a member is what it says of itself; one that says nothing is silent', (t) => {
  t.is(partOf({ ID: '7', isLearner: false }, '7'), 'leader')
  t.is(partOf({ ID: '8', isLearner: false }, '7'), 'voter')
  t.is(partOf({ ID: '9', isLearner: true }, '7'), 'learner')
  t.is(partOf({ ID: '9', isLearner: false }), 'silent')
})

test('the balancer leads to PCs whose API server is ready, and to nobody else where few are', (t) => {
  const [cluster] = JSON.parse(balancerList(['10.90.0.11', '10.90.0.51'])).resources
  t.deepEqual(
    cluster.load_assignment.endpoints[0].lb_endpoints.map(
      (one: { endpoint: { address: { socket_address: { address: string } } } }) =>
        one.endpoint.address.socket_address.address,
    ),
    ['10.90.0.11', '10.90.0.51'],
  )
  t.is(cluster.health_checks[0].http_health_check.path, '/readyz')
  t.is(cluster.common_lb_config.healthy_panic_threshold.value, 1)
})

test('a PC finds an API server behind the balancer, or at the only master', (t) => {
  t.is(doorOf('room', { masters: 3, workers: 2 }), 'https://room-external-load-balancer:6443')
  t.is(doorOf('room', { masters: 1, workers: 2 }), 'https://10.90.0.11:6443')
})
