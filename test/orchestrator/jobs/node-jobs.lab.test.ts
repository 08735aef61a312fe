import type { V1Job } from '@kubernetes/client-node'
import test from 'ava'
import { Chart, Testing } from 'cdk8s'
import { prove } from '../../../charts/kit/proof.ts'
import { nodeJobProofs } from '../../../charts/orchestrator/node-jobs.ts'
import { CROWN, NAMESPACES } from '../../../config/names.ts'
import { type NodeJob, nodeJob } from '../../../orchestrator/jobs/job.ts'
import type { Step } from '../../../orchestrator/jobs/step.ts'
import { must, type OwnLab, ownLab } from '../../harness/lab.ts'
import { eventually } from '../../harness/wait.ts'
import { DEVIATIONS, IMAGE } from './deviations.ts'

/** The API server lets the orchestrator make node jobs, and nobody anything like them. */

const namespace = NAMESPACES.crown
const BOOT = '0f0c5a1e-1b2c-4d3e-8f90-0123456789ab'
const CONTROLLER = 'system:serviceaccount:kube-system'

let own: OwnLab
let orchestrator: string
let other: string

test.before(async (t) => {
  t.timeout(300_000)
  own = await ownLab()
  const { lab } = own
  await must(lab, ['create', 'namespace', namespace])
  const chart = new Chart(Testing.app(), 'node-jobs')
  const proofs = nodeJobProofs({ registry: 'registry.test:5000', images: { deskfleet: IMAGE } })
  for (const proof of proofs) prove(chart, proof)
  await must(lab, ['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: chart.toJson() })
  for (const account of [CROWN.program, 'other']) {
    await must(lab, ['create', 'serviceaccount', account, '-n', namespace])
    const full = ['--clusterrole=cluster-admin', `--serviceaccount=${namespace}:${account}`]
    await must(lab, ['create', 'clusterrolebinding', account, ...full])
  }
  orchestrator = await lab.actAs(namespace, CROWN.program)
  other = await lab.actAs(namespace, 'other')
  await eventually('a node job can be made', async () => (await tried(made())).code === 0)
  await eventually('the policies act', async () => (await tried(made(), other)).code !== 0)
})
test.after.always(() => own?.end())

const STEPS: readonly Step[] = [
  ...(['facts', 'stop-api', 'demote'] as const).map((name) => ({ name })),
  { name: 'reach', argument: '10.90.0.11' },
  { name: 'reboot', argument: BOOT },
  ...(['preflight', 'mint', 'join'] as const).map((name) => ({ name, secret: `crown-op1-${name}` })),
]
const made = (step: Step = { name: 'join', secret: 'crown-op1-join' }, more: Partial<NodeJob> = {}): V1Job =>
  nodeJob({ operation: 'op1', attempt: 1, epoch: 1, step, node: 'pc-1', image: IMAGE, ...more })

const create = (object: object, ...args: string[]) =>
  own.lab.run(['create', '--dry-run=server', '-f', '-', ...args], { input: JSON.stringify(object) })
const tried = (object: object, kubeconfig = orchestrator) =>
  own.lab.run(['create', '--dry-run=server', '-f', '-'], { input: JSON.stringify(object), kubeconfig })

test.serial('the policies are accepted with clean types', async (t) => {
  for (const { name } of nodeJobProofs({ registry: 'x', images: {} })) {
    const status = await eventually(`${name} is type-checked`, async () => {
      const text = await must(own.lab, ['get', 'validatingadmissionpolicy', name, '-o', 'json'])
      return JSON.parse(text).status?.typeChecking && JSON.parse(text).status
    })
    t.deepEqual(status.typeChecking, {}, name)
  }
})

for (const step of STEPS) {
  test.serial(`the orchestrator makes a job that does: ${step.name}`, async (t) => {
    const { code, stderr } = await tried(made(step))
    t.is(code, 0, stderr)
  })
}

for (const [what, wrong] of Object.entries(DEVIATIONS)) {
  test.serial(`no job of the orchestrator has ${what}`, async (t) => {
    const job = made()
    wrong(job)
    const { code, stderr } = await tried(job)
    t.not(code, 0)
    t.regex(stderr, /this is no node job: /)
  })
}

test.serial('an argument is what its step takes, and is there where one is taken', async (t) => {
  for (const step of [
    { name: 'reboot', argument: 'now' },
    { name: 'reboot', argument: `${BOOT} ` },
    { name: 'reach', argument: '$(id)' },
    { name: 'reach', argument: BOOT },
  ] as const) {
    const { stderr } = await tried(made(step))
    t.regex(stderr, /its argument is none that the step takes/, step.argument)
  }
  const without = made({ name: 'reboot', argument: BOOT })
  without.spec?.template.spec?.containers[0]?.args?.pop()
  t.regex((await tried(without)).stderr, /its words are others/)
})

test.serial('a job that was let in is changed by nobody, but may be labelled and removed', async (t) => {
  const job = made({ name: 'demote' }, { operation: 'kept' })
  const name = job.metadata?.name ?? ''
  await must(own.lab, ['create', '-f', '-', `--kubeconfig=${orchestrator}`], job)
  const change = (...args: string[]) => own.lab.run([...args, '-n', namespace], { kubeconfig: orchestrator })
  const suspended = await change('patch', 'job', name, '-p', '{"spec":{"suspend":true}}')
  t.regex(suspended.stderr, /this is no node job/)
  t.is((await change('label', 'job', name, 'a=b')).code, 0)
  const pods = async () =>
    (await must(own.lab, ['get', 'pods', '-n', namespace, '-l', `job-name=${name}`, '-o', 'name'])).trim()
  await eventually('the job controller makes its pod', pods)
  t.is((await change('delete', 'job', name)).code, 0)
})

test.serial(
  'nobody else makes jobs there, administrators neither; CronJobs do, of another kind',
  async (t) => {
    for (const kubeconfig of [other, own.lab.kubeconfig]) {
      const { code, stderr } = await tried(made(), kubeconfig)
      t.not(code, 0)
      t.regex(stderr, /makes no Jobs in deskfleet-crown/)
    }
    const asCronJob = `--as=${CONTROLLER}:cronjob-controller`
    const privileged = await create(made(), asCronJob)
    t.regex(privileged.stderr, /does not reach the PC/)
    const plain = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'tick', namespace },
      spec: {
        template: {
          spec: { hostNetwork: true, restartPolicy: 'Never', containers: [{ name: 'tick', image: IMAGE }] },
        },
      },
    }
    const { code, stderr } = await create(plain, asCronJob)
    t.is(code, 0, stderr)
  },
)

test.serial('a pod that reaches its PC is the job controller’s, whoever else makes pods', async (t) => {
  const spec = made().spec?.template.spec
  const reaching = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace }, spec }
  for (const kubeconfig of [orchestrator, other, own.lab.kubeconfig])
    t.regex((await tried(reaching, kubeconfig)).stderr, /makes no pods in deskfleet-crown that reach the PC/)
  for (const controller of ['replicaset-controller', 'daemon-set-controller'])
    t.not((await create(reaching, `--as=${CONTROLLER}:${controller}`)).code, 0)
  const let_in = await create(reaching, `--as=${CONTROLLER}:job-controller`)
  t.is(let_in.code, 0, let_in.stderr)
  const plain = { ...reaching, spec: { containers: [{ name: 'c', image: IMAGE }] } }
  t.is((await tried(plain, other)).code, 0)
  // Keys of masters lie in their files.
  const files = { volumes: [{ name: 'v', hostPath: { path: '/etc/kubernetes' } }] }
  for (const more of [{ hostPID: true }, { hostIPC: true }, files])
    t.not((await tried({ ...plain, spec: { ...plain.spec, ...more } }, other)).code, 0)
  for (const securityContext of [
    { privileged: true },
    { allowPrivilegeEscalation: true },
    { capabilities: { add: ['SYS_ADMIN'] } },
  ]) {
    const container = { name: 'c', image: IMAGE, securityContext }
    t.not((await tried({ ...plain, spec: { containers: [container] } }, other)).code, 0)
    t.not(
      (
        await tried(
          { ...plain, spec: { ...plain.spec, initContainers: [{ ...container, name: 'i' }] } },
          other,
        )
      ).code,
      0,
    )
  }
})

test.serial('no container joins a pod there', async (t) => {
  await must(own.lab, ['create', '-f', '-'], {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'plain', namespace },
    spec: { containers: [{ name: 'c', image: IMAGE }] },
  })
  const guest = JSON.stringify({ spec: { ephemeralContainers: [{ name: 'g', image: IMAGE }] } })
  const joined = await own.lab.run([
    'patch',
    'pod',
    'plain',
    '-n',
    namespace,
    '--subresource=ephemeralcontainers',
    '-p',
    guest,
  ])
  t.regex(joined.stderr, /no container is added/)
})
