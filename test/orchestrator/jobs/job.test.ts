import test from 'ava'
import { bootstrapToken } from '../../../cluster/bootstrap-token.ts'
import { type NodeJob, nodeJob } from '../../../orchestrator/jobs/job.ts'
import { joinPlan, mintPlan } from '../../../orchestrator/jobs/plan.ts'
import { STEPS } from '../../../orchestrator/jobs/step.ts'
import { readHostFacts, readReached, readTold } from '../../../orchestrator/jobs/told.ts'

const JOB: NodeJob = {
  operation: 'a1b2c3',
  attempt: 2,
  epoch: 41,
  step: { name: 'join', secret: 'crown-a1b2c3-join' },
  node: 'pc-7',
  image: 'registry.test/deskfleet@sha256:00',
}
const podOf = (job: NodeJob) => nodeJob(job).spec?.template.spec

test('a job names its PC, so that no scheduler is needed, and is tried once', (t) => {
  const { spec } = nodeJob(JOB)
  t.like(spec, { backoffLimit: 0, activeDeadlineSeconds: 420, ttlSecondsAfterFinished: 600 })
  t.like(podOf(JOB), { nodeName: 'pc-7', hostPID: true, hostNetwork: true, restartPolicy: 'Never' })
  t.false(podOf(JOB)?.automountServiceAccountToken)
  t.deepEqual(podOf(JOB)?.tolerations, [{ operator: 'Exists' }])
})

test('what it is asked for are words, and its plan comes by stdin out of a Secret', (t) => {
  const container = podOf(JOB)?.containers[0]
  t.deepEqual(container?.args, ['join', 'a1b2c3', '2', '41'])
  t.regex(
    container?.command?.[2] ?? '',
    /tar .*\| nsenter --target 1 .*deskfleet-crown "\$@" >\/dev\/termination-log$/,
  )
  t.deepEqual(podOf(JOB)?.volumes, [
    { name: 'plan', secret: { secretName: 'crown-a1b2c3-join', defaultMode: 0o400 } },
  ])
  const bare = podOf({ ...JOB, step: { name: 'reboot', argument: 'boot' } })
  t.is(bare?.volumes, undefined)
  t.is(bare?.containers[0]?.volumeMounts, undefined)
  t.deepEqual(bare?.containers[0]?.args, ['reboot', 'a1b2c3', '2', '41', 'boot'])
})

test('each operation, attempt, step and PC has a job of its own, by a name that Kubernetes takes', (t) => {
  const long = { ...JOB, operation: 'abcdef123456', attempt: 999_999, node: 'x'.repeat(253) }
  const jobs: NodeJob[] = [
    JOB,
    { ...JOB, attempt: 3 },
    { ...JOB, operation: 'other' },
    { ...JOB, node: 'pc-8' },
    { ...JOB, step: { name: 'preflight', secret: 'crown-a1b2c3-join' } },
    long,
  ]
  const names = jobs.map((job) => nodeJob(job).metadata?.name ?? '')
  t.is(new Set(names).size, jobs.length)
  for (const name of names) t.regex(name, /^[a-z0-9-]{1,63}$/)
  t.is(nodeJob(JOB).metadata?.name, nodeJob({ ...JOB, epoch: 42 }).metadata?.name)
})

test('every step has its patience, and the patterns of arguments take what is meant and no more', (t) => {
  for (const [name, { patience }] of Object.entries(STEPS)) t.true(patience >= 60 && patience <= 420, name)
  const address = new RegExp(STEPS.reach.argument)
  for (const good of ['10.90.0.11', 'fd00::1']) t.regex(good, address)
  for (const bad of ['', 'pc-1', '1.2.3.4;reboot', '$(x)']) t.notRegex(bad, address)
  const boot = new RegExp(STEPS.reboot.argument)
  t.regex('0f0c5a1e-1b2c-4d3e-8f90-0123456789ab', boot)
  for (const bad of ['', 'x', '0f0c5a1e-1b2c-4d3e-8f90-0123456789ab ']) t.notRegex(bad, boot)
})

const CROWNING = {
  operation: 'a1b2c3',
  certificateKey: 'c'.repeat(64),
  clusterConfiguration:
    'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.37.2\n',
}
const HEIR = {
  node: 'pc-7',
  address: '10.90.0.51',
  endpoint: '10.90.0.100:6443',
  token: { id: 'abcdef', secret: '0123456789abcdef' },
  authority: 'sha256:00ff',
  apiFiles: [],
  brought: new Map<string, Buffer>(),
}

test('both sides of a join have the same key, and the heir is told who the cluster is', (t) => {
  const [first = ''] = (mintPlan(CROWNING).stringData?.['kubeadm.yaml'] ?? '').split('\n---\n')
  t.like(JSON.parse(first), { kind: 'InitConfiguration', certificateKey: CROWNING.certificateKey })
  const plan = joinPlan(CROWNING, HEIR)
  const [join = '', cluster] = (plan.stringData?.['kubeadm.yaml'] ?? '').split('\n---\n')
  t.is(cluster, CROWNING.clusterConfiguration)
  t.like(JSON.parse(join), {
    kind: 'JoinConfiguration',
    controlPlane: {
      certificateKey: CROWNING.certificateKey,
      localAPIEndpoint: { advertiseAddress: '10.90.0.51' },
    },
    nodeRegistration: { name: 'pc-7', imagePullPolicy: 'Never' },
  })
  t.deepEqual(JSON.parse(join).discovery.bootstrapToken, {
    apiServerEndpoint: '10.90.0.100:6443',
    token: 'abcdef.0123456789abcdef',
    caCertHashes: ['sha256:00ff'],
  })
  t.deepEqual(Object.keys(plan.stringData ?? {}), ['kubeadm.yaml'])
  const files = joinPlan(CROWNING, { ...HEIR, apiFiles: ['00  /etc/kubernetes/keys.yaml'] })
  t.is(files.stringData?.['files.sha256'], '00  /etc/kubernetes/keys.yaml\n')
  t.false('data' in files)
  const brought = joinPlan(CROWNING, { ...HEIR, brought: new Map([['keys.yaml', Buffer.from('key')]]) })
  t.deepEqual(brought.data, { 'api-server.keys.yaml': Buffer.from('key').toString('base64') })
})

test('the plan is where the job looks for it, and bears the name of its operation', (t) => {
  t.is(joinPlan(CROWNING, HEIR).metadata?.name, 'crown-a1b2c3-join')
  t.is(mintPlan(CROWNING).metadata?.name, 'crown-a1b2c3-mint')
  t.true(joinPlan(CROWNING, HEIR).immutable)
})

test('a token ends by itself', (t) => {
  const secret = bootstrapToken(HEIR.token, new Date('2026-11-27T10:30:00.123Z'))
  t.is(secret.metadata?.name, 'bootstrap-token-abcdef')
  t.is(secret.stringData?.expiration, '2026-11-27T10:30:00Z')
})

test('what a step tells is read, and what is no such line is nothing', (t) => {
  const told = {
    step: 'join',
    operation: 'a',
    attempt: '1',
    outcome: 'later',
    reason: 'another step is at work',
  }
  t.deepEqual(readTold(`${JSON.stringify(told)}\n`), told as never)
  for (const text of ['', 'null', '{}', 'Error', JSON.stringify({ ...told, outcome: 'well' })])
    t.is(readTold(text), undefined)
  t.is(readReached(JSON.stringify({ ...told, reached: false })), false)
  t.is(readReached(JSON.stringify(told)), undefined)
  t.is(readHostFacts(JSON.stringify(told)), undefined)
})
