import test from 'ava'
import { PERSON } from '../../config/labels.ts'
import { API_GROUP, CLAIM_VERB, IDENTITY } from '../../config/names.ts'
import { carrying, namespace, type ProofLab, proofLab } from './proof-lab.ts'

/** The API server alone asks who may be whom. Every kind that makes pods has a refusal and an honest twin. */

let proofs: ProofLab

test.before(async () => {
  proofs = await proofLab()
})
test.after.always(() => proofs?.lab.down())

const must: ProofLab['must'] = (...given) => proofs.must(...given)
const create: ProofLab['create'] = (...given) => proofs.create(...given)

/** Who may make anything in `desktops`, but claim ada alone. */
async function student(): Promise<string> {
  const kubeconfig = await proofs.lab.actAsUser('student')
  const subjects = [{ kind: 'User', name: 'student', apiGroup: 'rbac.authorization.k8s.io' }]
  const all = { apiGroups: ['', 'apps', 'batch'], resources: ['*'], verbs: ['*'] }
  const claim = {
    apiGroups: [API_GROUP],
    resources: [IDENTITY.plural],
    resourceNames: ['ada'],
    verbs: [CLAIM_VERB],
  }
  const roleRef = (kind: string) => ({ kind, name: 'student', apiGroup: 'rbac.authorization.k8s.io' })
  const rbac = 'rbac.authorization.k8s.io/v1'
  await must(['apply', '--server-side', '-f', '-'], {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: rbac, kind: 'Role', metadata: { name: 'student', namespace }, rules: [all] },
      {
        apiVersion: rbac,
        kind: 'RoleBinding',
        metadata: { name: 'student', namespace },
        roleRef: roleRef('Role'),
        subjects,
      },
      { apiVersion: rbac, kind: 'ClusterRole', metadata: { name: 'student' }, rules: [claim] },
      {
        apiVersion: rbac,
        kind: 'ClusterRoleBinding',
        metadata: { name: 'student' },
        roleRef: roleRef('ClusterRole'),
        subjects,
      },
    ],
  })
  return kubeconfig
}

const template = (slug: string) => {
  const { metadata, spec } = carrying(slug)
  return { metadata: { labels: { app: 'x', [PERSON]: slug }, annotations: metadata.annotations }, spec }
}

const workload = (apiVersion: string, kind: string, spec: object) => ({
  apiVersion,
  kind,
  metadata: { name: 'theirs', namespace },
  spec,
})

const selector = { matchLabels: { app: 'x' } }
const finite = (slug: string) => {
  const { metadata, spec } = template(slug)
  return { metadata: { ...metadata, labels: { [PERSON]: slug } }, spec: { ...spec, restartPolicy: 'Never' } }
}

/** Everything that makes pods, by its kind. */
const MAKERS: Readonly<Record<string, (slug: string) => object>> = {
  Pod: carrying,
  Deployment: (slug) => workload('apps/v1', 'Deployment', { selector, template: template(slug) }),
  ReplicaSet: (slug) => workload('apps/v1', 'ReplicaSet', { selector, template: template(slug) }),
  StatefulSet: (slug) =>
    workload('apps/v1', 'StatefulSet', { serviceName: 'x', selector, template: template(slug) }),
  DaemonSet: (slug) => workload('apps/v1', 'DaemonSet', { selector, template: template(slug) }),
  ReplicationController: (slug) =>
    workload('v1', 'ReplicationController', { selector: { app: 'x' }, template: template(slug) }),
  Job: (slug) => workload('batch/v1', 'Job', { template: finite(slug) }),
  CronJob: (slug) =>
    workload('batch/v1', 'CronJob', {
      schedule: '0 0 1 1 *',
      jobTemplate: { spec: { template: finite(slug) } },
    }),
  PodTemplate: (slug) => ({
    apiVersion: 'v1',
    kind: 'PodTemplate',
    metadata: { name: 'theirs', namespace },
    template: template(slug),
  }),
}

for (const [kind, make] of Object.entries(MAKERS)) {
  test.serial(`a ${kind} for somebody needs the claim on them`, async (t) => {
    const kubeconfig = await student()
    const as = (object: object) =>
      proofs.lab.run(['create', '--dry-run=server', '-f', '-'], { input: JSON.stringify(object), kubeconfig })
    const refused = await as(make('bob'))
    t.not(refused.code, 0)
    t.regex(refused.stderr, /student may not claim bob/)
    const honest = await as(make('ada'))
    t.is(honest.code, 0, honest.stderr)
  })
}

test.serial('the workload controllers may claim everybody, the namespace controller nobody', async (t) => {
  const as = (controller: string) =>
    create(carrying('bob'), '--as', `system:serviceaccount:kube-system:${controller}`)
  await must([
    'create',
    'clusterrolebinding',
    'try',
    '--clusterrole=edit',
    '--serviceaccount=kube-system:namespace-controller',
  ])
  for (const controller of ['replicaset-controller', 'job-controller', 'statefulset-controller']) {
    const made = await as(controller)
    t.is(made.code, 0, made.stderr)
  }
  t.regex((await as('namespace-controller')).stderr, /may not claim bob/)
})

test.serial('who may change a workload still may not change what runs as somebody', async (t) => {
  const kubeconfig = await student()
  await must(['create', '-f', '-'], MAKERS.Deployment?.('bob'))
  const as = (...args: string[]) => proofs.lab.run([...args, '-n', namespace], { kubeconfig })
  const image = await as('set', 'image', 'deployment/theirs', 'c=evil:1')
  t.regex(image.stderr, /student may not claim bob/)
  const scaled = await as('scale', 'deployment/theirs', '--replicas=0')
  t.is(scaled.code, 0, scaled.stderr)
  const labelled = await as('label', 'deployment/theirs', 'example.org/note=x')
  t.is(labelled.code, 0, labelled.stderr)
  await must(['delete', 'deployment', 'theirs', '-n', namespace, '--now'])
})

/** Bob's pod, made by an administrator, and what the student tries with it. */
async function podOfBob(name: string): Promise<void> {
  const object = carrying('bob')
  object.metadata.name = name
  await must(['create', '-f', '-'], object)
}

test.serial('a binding sets no label, file or PC: only the scheduler binds', async (t) => {
  const kubeconfig = await student()
  await podOfBob('bound')
  const binding = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'bound', namespace, labels: { [PERSON]: 'ada' } },
    target: { apiVersion: 'v1', kind: 'Node', name: 'pc-7' },
  }
  const bind = (path: string, ...more: string[]) =>
    proofs.lab.run(['create', '--raw', `/api/v1/namespaces/${namespace}/${path}`, '-f', '-', ...more], {
      input: JSON.stringify(binding),
      kubeconfig,
    })
  for (const path of ['pods/bound/binding', 'bindings']) {
    t.regex((await bind(path)).stderr, /student may not bind pods to PCs here/)
  }
  const right = [
    'auth',
    'can-i',
    CLAIM_VERB,
    `${IDENTITY.plural}.${API_GROUP}`,
    '--as',
    'system:kube-scheduler',
  ]
  t.is((await must(right)).trim(), 'yes')
  await must(['delete', 'pod', 'bound', '-n', namespace, '--now'])
})

test.serial('a ControllerRevision, out of which controllers make pods, is theirs alone', async (t) => {
  const kubeconfig = await student()
  const revision = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: { name: 'forged', namespace },
    data: { spec: { template: template('bob') } },
    revision: 1,
  }
  const refused = await proofs.lab.run(['create', '-f', '-'], { input: JSON.stringify(revision), kubeconfig })
  t.regex(refused.stderr, /student may not write ControllerRevisions here/)
  const controller = 'system:serviceaccount:kube-system:statefulset-controller'
  const honest = await create(revision, '--as', controller)
  t.is(honest.code, 0, honest.stderr)
})

test.serial('nobody makes a home, or the shared folder, before storage does', async (t) => {
  const kubeconfig = await student()
  const volume = (name: string) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace },
    spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } }, volumeName: 'any' },
  })
  const as = (name: string) =>
    proofs.lab.run(['create', '--dry-run=server', '-f', '-'], {
      input: JSON.stringify(volume(name)),
      kubeconfig,
    })
  for (const name of ['home-bob', 'home-whoever-comes-next', 'shared']) {
    t.regex((await as(name)).stderr, /student may not make homes here/)
  }
  const honest = await as('scratch')
  t.is(honest.code, 0, honest.stderr)
})

test.serial('nobody enters a running pod without the claim on everybody', async (t) => {
  const kubeconfig = await student()
  await podOfBob('entered')
  const refused = await proofs.lab.run(['exec', 'entered', '-n', namespace, '--', 'id'], { kubeconfig })
  t.regex(refused.stderr, /student may not enter pods here/)
  // The honest twin comes past admission, and finds no PC in this lab.
  const honest = await proofs.lab.run(['exec', 'entered', '-n', namespace, '--', 'id'])
  t.regex(honest.stderr, /does not have a host assigned/)
  await must(['delete', 'pod', 'entered', '-n', namespace, '--now'])
})

test.serial('an update is judged by who the pod was, too', async (t) => {
  const kubeconfig = await student()
  await podOfBob('changed')
  const image = ['set', 'image', 'pod/changed', 'c=evil:1', '-n', namespace]
  t.regex((await proofs.lab.run(image, { kubeconfig })).stderr, /student may not claim bob/)
  const both = ['patch', 'pod', 'changed', '-n', namespace, '--type=merge', '-p']
  const relabel = JSON.stringify({ metadata: { labels: { [PERSON]: 'ada' } } })
  t.regex(
    (await proofs.lab.run([...both, relabel], { kubeconfig })).stderr,
    /student may not claim bob|never change/,
  )
  await must(['delete', 'pod', 'changed', '-n', namespace, '--now'])
})
