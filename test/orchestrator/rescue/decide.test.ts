import test from 'ava'
import { planRescue, type Step } from '../../../orchestrator/rescue/decide.ts'
import type { Facts, Wish } from '../../../orchestrator/rescue/facts.ts'

const dead: Facts = {
  isRoot: true,
  alive: [],
  present: ['/etc/kubernetes/manifests', '/var/lib/etcd'],
  addresses: ['10.0.0.4'],
  hostname: 'PC-4',
}
const copy = { name: 'etcd-….age', clusterConfiguration: 'kind: ClusterConfiguration\n' }

const stepsOf = (facts: Facts, wish: Wish = {}): readonly Step[] => {
  const plan = planRescue(facts, wish, copy, 'now')
  return 'steps' in plan ? plan.steps : []
}
const refusalOf = (facts: Facts, wish: Wish = {}): string => {
  const plan = planRescue(facts, wish, copy, 'now')
  return 'refusal' in plan ? plan.refusal : ''
}

test('what is there is laid aside before anything is written, and etcd is restored before anything starts', (t) => {
  const steps = stepsOf(dead)
  t.deepEqual(
    steps.map((step) => step.do),
    [
      'layAside',
      'layAside',
      'layKeys',
      'restore',
      'writeConfig',
      'kubeadm',
      'kubeadm',
      'kubeadm',
      'kubeadm',
      'restartKubelet',
      'waitForApi',
      'kubeadm',
    ],
  )
  t.like(steps[1], { path: '/var/lib/etcd', to: '/var/lib/etcd.before-now' })
})

test('etcd has one member, and nobody takes its new revisions for old ones', (t) => {
  const restore = stepsOf(dead).find((step) => step.do === 'restore')
  t.deepEqual(restore?.args, [
    '--name=pc-4',
    '--initial-cluster=pc-4=https://10.0.0.4:2380',
    '--initial-advertise-peer-urls=https://10.0.0.4:2380',
    '--bump-revision=1000000000',
    '--mark-compacted',
  ])
})

test('kubeadm is told of this PC, and of the cluster as the copy has it', (t) => {
  const written = stepsOf(dead, { name: 'pc-9', address: '10.0.0.9' }).find(
    (step) => step.do === 'writeConfig',
  )
  t.regex(written?.text ?? '', /advertiseAddress: 10\.0\.0\.9\n/)
  t.regex(written?.text ?? '', /name: pc-9\n/)
  t.true(written?.text.endsWith('---\nkind: ClusterConfiguration\n'))
})

test('each step says what it is', (t) => {
  for (const { says } of stepsOf(dead)) t.true(says.length > 10, says)
})

test('nobody rescues beside what lives, without being root, or as somebody who is not clear', (t) => {
  t.regex(
    refusalOf({ ...dead, alive: ['the API server at x says that it is ready'] }),
    /still lives.*at x says/,
  )
  t.regex(refusalOf({ ...dead, isRoot: false }), /as root/)
  t.regex(
    refusalOf({ ...dead, addresses: ['10.0.0.4', '192.168.1.4'] }),
    /10\.0\.0\.4, 192\.168\.1\.4: say by/,
  )
  t.regex(refusalOf({ ...dead, addresses: [] }), /has no address/)
  t.regex(refusalOf(dead, { address: 'pc-4' }), /no address of IPv4/)
  t.regex(refusalOf(dead, { name: 'x\ny' }), /no name of a Node/)
})
