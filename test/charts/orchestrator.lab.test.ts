import { join } from 'node:path'
import { KubeConfig, type V1CronJob, type V1Job } from '@kubernetes/client-node'
import test from 'ava'
import { bootstrapToken } from '../../cluster/bootstrap-token.ts'
import { CORDONED_BY, HALT, MASTER, NO_BALANCER, OPERATION, PERSON } from '../../config/labels.ts'
import { CONTROL_PLANE_GUARD, CROWN, NAMESPACES } from '../../config/names.ts'
import { applyFolder } from '../../lab/manifests/apply.ts'
import { renderWith } from '../../lab/manifests/render.ts'
import { askedJob } from '../../orchestrator/backup/asked-job.ts'
import { fetchJob } from '../../orchestrator/backup/fetch-job.ts'
import { guardStore } from '../../orchestrator/guard.ts'
import { nodeJob } from '../../orchestrator/jobs/job.ts'
import { mintPlan } from '../../orchestrator/jobs/plan.ts'
import { NEW_STATE } from '../../orchestrator/state.ts'
import { must, type OwnLab, ownLab } from '../harness/lab.ts'
import { eventually } from '../harness/wait.ts'
import { ASKED_DEVIATIONS, FETCH_DEVIATIONS } from '../orchestrator/jobs/copies-deviations.ts'
import { IMAGE } from '../orchestrator/jobs/deviations.ts'

/**
 * The orchestrator's app on a real API server, asked by its own accounts with the rights that they have: what they need is let
 * through, and what somebody would try who took one over is refused.
 */

const namespace = NAMESPACES.crown
const KEY = 'age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg'

let own: OwnLab
let orchestrator: string
let backup: string
let cronJob: V1CronJob

test.before(async (t) => {
  t.timeout(600_000)
  own = await ownLab()
  const { lab } = own
  const dist = join(lab.dir, 'dist')
  renderWith(
    JSON.stringify({
      masters: { copies: { recipients: [KEY] } },
      registry: 'registry.test:5000',
      images: { deskfleet: IMAGE },
    }),
    dist,
  )
  for (const app of ['namespaces', 'orchestrator']) {
    const complaints = await applyFolder(lab, join(dist, app))
    t.deepEqual(complaints, [], app)
  }
  orchestrator = await lab.actAs(namespace, CROWN.program)
  backup = await lab.actAs(namespace, CROWN.backup)
  cronJob = JSON.parse(await must(lab, ['get', 'cronjob', CROWN.backup, '-n', namespace, '-o', 'json']))
  await eventually('the policies act', async () =>
    (await tried(wrongNodeJob())).stderr.includes('this is no node job'),
  )
})
test.after.always(() => own?.end())

const tried = (object: object, kubeconfig = orchestrator, verb = 'create') =>
  own.lab.run([verb, '--dry-run=server', '-f', '-'], { input: JSON.stringify(object), kubeconfig })
const does = (args: readonly string[], kubeconfig = orchestrator) => own.lab.run(args, { kubeconfig })

const facts = () =>
  nodeJob({ operation: 'op1', attempt: 1, epoch: 1, step: { name: 'facts' }, node: 'pc-1', image: IMAGE })
const wrongNodeJob = (): V1Job => {
  const job = facts()
  delete job.spec?.activeDeadlineSeconds
  return job
}
const asked = (): V1Job => {
  const job = askedJob(cronJob, 'crown-replace-1-0-backup', 'replace-1')
  if (job === undefined) throw new Error('the CronJob has no template')
  return structuredClone(job)
}
const fetched = (): V1Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  ...fetchJob(
    { copy: 'etcd-20261127T160000Z-918244.age', from: 'pc-1', to: 'pc-2' },
    { url: `http://10.90.0.11:40123/${'a1'.repeat(24)}`, sha256: '0'.repeat(64) },
    IMAGE,
  ),
})

test.serial('the policies are accepted with clean types', async (t) => {
  const names = (await must(own.lab, ['get', 'validatingadmissionpolicy', '-o', 'name'])).trim().split('\n')
  t.true(names.length >= 8, names.join())
  for (const name of names) {
    const status = await eventually(`${name} is type-checked`, async () => {
      const found = JSON.parse(await must(own.lab, ['get', name, '-o', 'json'])).status
      return found?.typeChecking && found
    })
    t.deepEqual(status.typeChecking, {}, name)
  }
})

test.serial('a copy that an operation asks for is what the CronJob would make', async (t) => {
  const { code, stderr } = await tried(asked())
  t.is(code, 0, stderr)
})

for (const [what, wrong] of Object.entries(ASKED_DEVIATIONS)) {
  test.serial(`no copy is asked for with ${what}`, async (t) => {
    const job = asked()
    wrong(job)
    t.regex((await tried(job)).stderr, /this is not how etcd is copied: |this is no node job: /)
  })
}

test.serial('a copy is fetched', async (t) => {
  const { code, stderr } = await tried(fetched(), backup)
  t.is(code, 0, stderr)
})

for (const [what, wrong] of Object.entries(FETCH_DEVIATIONS)) {
  test.serial(`no copy is fetched with ${what}`, async (t) => {
    const job = fetched()
    wrong(job)
    t.regex((await tried(job, backup)).stderr, /this is not how a copy is fetched: /)
  })
}

test.serial('none of the two accounts makes the Jobs of the other', async (t) => {
  t.regex((await tried(facts(), backup)).stderr, /this is not how a copy is fetched/)
  t.regex((await tried(asked(), backup)).stderr, /this is not how a copy is fetched/)
  t.regex((await tried(fetched())).stderr, /this is no node job/)
})

test.serial('where the CronJob is gone no copy is asked for, and node jobs go on', async (t) => {
  await must(own.lab, ['delete', 'cronjob', CROWN.backup, '-n', namespace])
  await eventually('it is gone for the policy too', async () => (await tried(asked())).code !== 0)
  const { code, stderr } = await tried(facts())
  t.is(code, 0, stderr)
  const { metadata, spec } = cronJob
  const { name, labels } = metadata ?? {}
  await must(own.lab, ['create', '-f', '-'], {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name, namespace, labels },
    spec,
  })
  await eventually('it is back', async () => (await tried(asked())).code === 0)
})

const CROWNING = { operation: 'replace-1', certificateKey: 'c'.repeat(64), clusterConfiguration: 'a: b\n' }
const token = (id = 'abcdef') =>
  bootstrapToken({ id, secret: '0123456789abcdef' }, new Date(Date.now() + 3_600_000), {
    labels: { [OPERATION]: CROWNING.operation },
  })

test.serial(
  'what PCs join by is written and removed, without Secrets of kube-system being read',
  async (t) => {
    for (const secret of [token(), mintPlan(CROWNING)]) {
      const { code, stderr } = await own.lab.run(['create', '-f', '-'], {
        input: JSON.stringify(secret),
        kubeconfig: orchestrator,
      })
      t.is(code, 0, stderr)
      const { namespace: where = '', name = '' } = secret.metadata ?? {}
      // Whether it is there is seen by making it once more.
      t.regex((await tried(secret)).stderr, /already exists/)
      const gone = await does(['delete', 'secret', name, '-n', where, '--wait=false'])
      t.is(gone.code, 0, gone.stderr)
    }
    for (const words of [
      ['list', 'secrets'],
      ['get', 'secrets'],
      ['watch', 'secrets'],
      ['update', 'secrets'],
      ['deletecollection', 'secrets'],
    ])
      t.is((await does(['auth', 'can-i', ...words, '-n', 'kube-system'])).stdout.trim(), 'no', words.join())
    t.is(
      (await does(['auth', 'can-i', 'get', 'secret/kubeadm-certs', '-n', 'kube-system'])).stdout.trim(),
      'yes',
    )
  },
)

test.serial('no other Secret is written or removed by it', async (t) => {
  const ours = { [OPERATION]: 'replace-1' }
  const place = { namespace: 'kube-system', labels: ours }
  const data = token().stringData
  const wrong: Readonly<Record<string, object>> = {
    'somebody’s token': {
      metadata: {
        ...place,
        name: 'x',
        annotations: { 'kubernetes.io/service-account.name': 'default' },
      },
      type: 'kubernetes.io/service-account-token',
    },
    'the same beside its own': {
      metadata: {
        namespace,
        labels: ours,
        name: 'crown-x',
        annotations: { 'kubernetes.io/service-account.name': CROWN.backup },
      },
      type: 'kubernetes.io/service-account-token',
    },
    'a token of no operation': { ...token(), metadata: { ...token().metadata, labels: {} } },
    'any Secret': { metadata: { ...place, name: 'bootstrap-token-abcdef' }, type: 'Opaque' },
    'kubeadm’s certificates': { metadata: { ...place, name: 'kubeadm-certs' }, type: 'Opaque' },
    'a plan by another name': { ...mintPlan(CROWNING), metadata: { namespace, labels: ours, name: 'x' } },
    'a token for more than nodes': {
      ...token(),
      stringData: { ...data, 'auth-extra-groups': 'system:bootstrappers:kubeadm:other' },
    },
    'a token for ever': {
      ...token(),
      stringData: Object.fromEntries(Object.entries(data ?? {}).filter(([key]) => key !== 'expiration')),
    },
  }
  for (const [what, object] of Object.entries(wrong)) {
    const { code, stderr } = await tried({ apiVersion: 'v1', kind: 'Secret', ...object })
    t.not(code, 0, what)
    t.regex(stderr, /by what PCs join|writes and removes what PCs join by alone|a token lets PCs in/, what)
  }
  await must(own.lab, ['create', 'secret', 'generic', 'somebodys', '-n', 'kube-system'])
  await must(own.lab, ['create', 'secret', 'generic', 'kubeadm-certs', '-n', 'kube-system'])
  const somebodys = await does(['delete', 'secret', 'somebodys', '-n', 'kube-system'])
  t.regex(somebodys.stderr, /writes and removes what PCs join by alone/)
  const certificates = await does(['delete', 'secret', 'kubeadm-certs', '-n', 'kube-system', '--wait=false'])
  t.is(certificates.code, 0, certificates.stderr)
})

test.serial('a Node is closed, opened and made a worker, and nothing else becomes of it', async (t) => {
  await must(own.lab, ['create', '-f', '-'], {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: 'pc-1',
      labels: { [MASTER]: '', [NO_BALANCER]: '', zone: 'a' },
      annotations: { other: 'x' },
    },
    spec: {
      taints: [
        { key: MASTER, effect: 'PreferNoSchedule' },
        { key: 'site', effect: 'NoSchedule' },
      ],
    },
  })
  const patch = (body: object, ...more: string[]) =>
    does(['patch', 'node', 'pc-1', '--type=merge', '-p', JSON.stringify(body), ...more])
  const dry = '--dry-run=server'
  for (const body of [
    { metadata: { annotations: { [CORDONED_BY]: 'replace-1' } }, spec: { unschedulable: true } },
    { metadata: { annotations: { [CORDONED_BY]: null } }, spec: { unschedulable: null } },
  ]) {
    const { code, stderr } = await patch(body)
    t.is(code, 0, stderr)
  }
  for (const [body, why] of [
    [{ metadata: { labels: { zone: 'b' } } }, /takes those of masters off/],
    [{ metadata: { labels: { zone: null } } }, /takes those of masters off/],
    [{ metadata: { labels: { [PERSON]: 'ada' } } }, /takes those of masters off/],
    [{ metadata: { annotations: { other: 'y' } } }, /annotations that are its own/],
    [{ metadata: { annotations: { other: null } } }, /annotations that are its own/],
    [{ metadata: { finalizers: ['a.test/b'] } }, /neither owners nor finalizers/],
    [{ spec: { taints: [{ key: 'x', effect: 'NoExecute' }] } }, /of the taints/],
    [{ spec: { taints: [] } }, /of the taints/],
  ] as const) {
    const { code, stderr } = await patch(body, dry)
    t.not(code, 0, JSON.stringify(body))
    t.regex(stderr, why)
  }
  const unmark = {
    metadata: { labels: { [MASTER]: null, [NO_BALANCER]: null } },
    spec: { taints: [{ key: 'site', effect: 'NoSchedule' }] },
  }
  const unmarked = await patch(unmark)
  t.is(unmarked.code, 0, unmarked.stderr)
  t.regex((await patch({ metadata: { labels: { [MASTER]: '' } } }, dry)).stderr, /takes those of masters off/)
  t.is((await does(['delete', 'node', 'pc-1', '--wait=false'])).code, 0)
})

test.serial(
  'the Guard is read, its status swapped, and an order taken away, by the account itself',
  async (t) => {
    const { name } = CONTROL_PLANE_GUARD
    const config = new KubeConfig()
    config.loadFromFile(orchestrator)
    const store = guardStore(config)
    await must(own.lab, ['annotate', 'guard', name, `${HALT}=tried`])
    const first = await store.read()
    t.is(first.orders.halt, 'tried')
    const summary = {
      masters: '2/3',
      operation: 'replace-1',
      phase: 'Join',
      leaving: 'pc-1',
      heir: 'pc-4',
      backupAt: '2026-11-27T16:00:00.000Z',
      lookedAt: '2026-11-27T16:01:00.000Z',
      message: 'join on pc-4',
      certificates: { 'pc-1': '2027-11-27T16:00:00.000Z' },
      halted: '',
    }
    const state = { ...NEW_STATE, epoch: 7, excluded: { 'pc-3': { until: 5, why: 'late' } } }
    const written = await store.write(first, state, summary)
    // What is undefined is left out.
    t.deepEqual(JSON.parse(JSON.stringify(written?.state)), JSON.parse(JSON.stringify(state)))
    t.is(await store.write(first, state, summary), undefined, 'somebody wrote in between')
    const { status } = JSON.parse(await must(own.lab, ['get', 'guard', name, '-o', 'json']))
    const { record: _, ...shown } = status
    t.deepEqual(shown, summary)
    t.regex(
      await must(own.lab, ['get', 'guard']),
      /MASTERS +PHASE +LEAVING +HEIR +BACKUP +LOOKED +HALTED +AGE/,
    )
    await store.forget(HALT)
    t.is((await store.read()).orders.halt, undefined)
  },
)

test.serial(
  'the API server takes no Guard that the orchestrator would not understand, and no second one',
  async (t) => {
    const guard = JSON.parse(await must(own.lab, ['get', 'guard', CONTROL_PLANE_GUARD.name, '-o', 'json']))
    const patched = (spec: object) =>
      own.lab.run([
        'patch',
        'guard',
        CONTROL_PLANE_GUARD.name,
        '--type=merge',
        '--dry-run=server',
        '-p',
        JSON.stringify({ spec }),
      ])
    for (const right of [{ count: 5 }, { count: 'auto' }, { mode: 'Observe' }]) {
      const { code, stderr } = await patched(right)
      t.is(code, 0, stderr)
    }
    for (const wrong of [
      { count: 4 },
      { count: 'two' },
      { mode: 'act' },
      { deadAfterSeconds: 5 },
      { backup: null },
    ])
      t.not((await patched(wrong)).code, 0, JSON.stringify(wrong))
    const second = { ...guard, metadata: { name: 'second' } }
    t.regex((await tried(second, own.lab.kubeconfig)).stderr, /its name is default/)
  },
)

test.serial('each account may do what its program does', async (t) => {
  const may = async (kubeconfig: string, words: string, where?: string) => {
    const args = [...words.split(' '), ...(where === undefined ? [] : ['-n', where])]
    return (await does(['auth', 'can-i', ...args], kubeconfig)).stdout.trim()
  }
  const NEEDED: readonly (readonly [string, string?])[] = [
    ['list nodes'],
    ['patch nodes'],
    ['delete nodes'],
    ['list pods', 'desktops'],
    ['create pods --subresource=eviction', 'desktops'],
    ['list leases', 'kube-node-lease'],
    ['get leases/kube-controller-manager', 'kube-system'],
    ['get configmaps/kubeadm-config', 'kube-system'],
    ['get configmaps/etcd-copies', namespace],
    ['get cronjobs/etcd-backup', namespace],
    ['list jobs', namespace],
    ['delete jobs', namespace],
    ['list secrets', namespace],
    ['update leases/orchestrator', namespace],
    ['list deployments', NAMESPACES.desktops],
    ['create events', 'default'],
  ]
  for (const [words, where] of NEEDED) t.is(await may(orchestrator, words, where), 'yes', words)
  for (const [words, where] of [
    ['list nodes'],
    ['get configmaps/kubeadm-config', 'kube-system'],
    ['create configmaps', namespace],
    ['update configmaps/etcd-copies', namespace],
    ['get jobs', namespace],
  ] as const)
    t.is(await may(backup, words, where), 'yes', words)
  for (const [kubeconfig, words, where] of [
    [orchestrator, 'patch nodes --subresource=status', undefined],
    [orchestrator, 'create pods', namespace],
    [orchestrator, 'delete pods', NAMESPACES.desktops],
    [orchestrator, 'create cronjobs', namespace],
    [orchestrator, 'patch cronjobs', namespace],
    [backup, 'get secrets', namespace],
    [backup, 'delete jobs', namespace],
    [backup, 'patch nodes', undefined],
  ] as const)
    t.is(await may(kubeconfig, words, where), 'no', words)
})

test.serial('the CronJob’s own runs are let in', async (t) => {
  t.timeout(180_000)
  const runs = async () => {
    const all = JSON.parse(await must(own.lab, ['get', 'jobs', '-n', namespace, '-o', 'json']))
      .items as V1Job[]
    return all.filter(({ metadata }) => metadata?.ownerReferences?.some(({ name }) => name === CROWN.program))
  }
  const run = await eventually('a run is made', async () => (await runs())[0], { seconds: 150 })
  t.is(run.spec?.activeDeadlineSeconds, 110)
  const pods = async () =>
    (
      await must(own.lab, [
        'get',
        'pods',
        '-n',
        namespace,
        '-l',
        `app.kubernetes.io/name=${CROWN.program}`,
        '-o',
        'name',
      ])
    ).trim()
  t.truthy(await eventually('and its pod', pods))
})
