import test from 'ava'
import { PERSON } from '../../config/labels.ts'
import { API_GROUP, CLAIM_VERB, GATEWAY, IDENTITY, NAMESPACES } from '../../config/names.ts'
import { ROOM_IMAGE } from '../harness/platform.ts'
import { eventually } from '../harness/wait.ts'
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
  const all = {
    apiGroups: ['', 'apps', 'batch', 'policy', 'networking.k8s.io', 'events.k8s.io'],
    resources: ['*'],
    verbs: ['*'],
  }
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

test.serial(
  'who may change workloads changes, scales and removes none that runs as somebody else',
  async (t) => {
    const kubeconfig = await student()
    await must(['create', '-f', '-'], MAKERS.Deployment?.('bob'))
    const as = (...args: string[]) => proofs.lab.run([...args, '-n', namespace], { kubeconfig })
    const image = await as('set', 'image', 'deployment/theirs', `c=${ROOM_IMAGE}-evil`)
    t.regex(image.stderr, /student may not (claim|change or remove what runs as) bob/)
    t.regex((await as('scale', 'deployment/theirs', '--replicas=0')).stderr, /student may not scale here/)
    const refused: readonly string[][] = [
      ['label', 'deployment/theirs', 'example.org/note=x'],
      ['patch', 'deployment/theirs', '--type=merge', '-p', JSON.stringify({ spec: { replicas: 0 } })],
      ['patch', 'deployment/theirs', '--type=merge', '-p', JSON.stringify(TO_ADA)],
      ['patch', 'deployment/theirs', '--type=merge', '-p', JSON.stringify(GIVEN_AWAY)],
      ['delete', 'deployment', 'theirs'],
    ]
    for (const args of refused)
      t.regex((await as(...args)).stderr, /student may not change or remove what runs as bob/, args.join(' '))
    await must(['delete', 'deployment', 'theirs', '-n', namespace, '--now'])
    await must(['create', '-f', '-'], MAKERS.Deployment?.('ada'))
    for (const args of [
      ['label', 'deployment/theirs', 'example.org/note=x'],
      ['patch', 'deployment/theirs', '--type=merge', '-p', JSON.stringify({ spec: { replicas: 0 } })],
      ['delete', 'deployment', 'theirs'],
    ]) {
      const own = await as(...args)
      t.is(own.code, 0, own.stderr)
    }
  },
)

for (const [kind, make] of Object.entries(MAKERS).filter(
  ([name]) => !['Pod', 'PodTemplate'].includes(name),
)) {
  test.serial(`a ${kind} of somebody else is neither changed nor removed`, async (t) => {
    const kubeconfig = await student()
    await must(['create', '-f', '-'], make('bob'))
    const as = (...args: string[]) => proofs.lab.run([...args, '-n', namespace], { kubeconfig })
    const labelled = await as('label', kind.toLowerCase(), 'theirs', 'example.org/note=x')
    t.regex(labelled.stderr, /student may not change or remove what runs as bob/)
    const removed = await as('delete', kind.toLowerCase(), 'theirs', '--wait=false')
    t.regex(removed.stderr, /student may not change or remove what runs as bob/)
    await must(['delete', kind.toLowerCase(), 'theirs', '-n', namespace, '--now', '--cascade=foreground'])
  })
}

test.serial('a controller takes no pod and no ReplicaSet of somebody else for its own', async (t) => {
  const kubeconfig = await student()
  const bob = carrying('bob')
  await must(['create', '-f', '-'], {
    ...bob,
    metadata: { ...bob.metadata, name: 'taken', labels: { [PERSON]: 'bob', app: 'x' } },
  })
  await must(['create', '-f', '-'], { ...MAKERS.ReplicaSet?.('bob'), metadata: { name: 'bobs', namespace } })
  const own = (object: object | undefined) => ({ ...object, metadata: { name: 'taker', namespace } })
  for (const object of [own(MAKERS.ReplicaSet?.('ada')), own(MAKERS.Deployment?.('ada'))]) {
    const { spec } = { spec: {}, ...object }
    const input = JSON.stringify({ ...object, spec: { ...spec, replicas: 0 } })
    const made = await proofs.lab.run(['create', '-f', '-'], { input, kubeconfig })
    t.is(made.code, 0, made.stderr)
  }
  const adopted = (kind: string, uid: string, controller = 'replicaset-controller') => {
    const owner = { apiVersion: 'apps/v1', kind, name: 'taker', uid, controller: true }
    const patch = JSON.stringify({ metadata: { ownerReferences: [owner] } })
    const what = kind === 'ReplicaSet' ? 'pod/taken' : 'replicaset/bobs'
    const as = ['--as', `system:serviceaccount:kube-system:${controller}`]
    return proofs.lab.run(['patch', what, '-n', namespace, '--type=merge', '-p', patch, ...as])
  }
  const uid = '00000000-0000-4000-8000-000000000001'
  await must([
    ...['create', 'clusterrolebinding', 'controllers-try', '--clusterrole=edit'],
    ...['replicaset-controller', 'deployment-controller'].map((one) => `--serviceaccount=kube-system:${one}`),
  ])
  t.regex((await adopted('ReplicaSet', uid)).stderr, /nothing here gets a controller later/)
  t.regex(
    (await adopted('Deployment', uid, 'deployment-controller')).stderr,
    /nothing here gets a controller later/,
  )
  // The real controllers have had their turns by now: another pod was made and counted since.
  await must(['create', '-f', '-'], {
    ...MAKERS.ReplicaSet?.('ada'),
    metadata: { name: 'later', namespace },
    spec: { selector: { matchLabels: { app: 'y' } }, template: appY('ada') },
  })
  await must([
    'wait',
    '--for=jsonpath={.status.replicas}=1',
    'replicaset/later',
    '-n',
    namespace,
    '--timeout=60s',
  ])
  const kept = JSON.parse(await must(['get', 'pod', 'taken', '-n', namespace, '-o', 'json']))
  t.deepEqual([kept.metadata.deletionTimestamp, kept.metadata.ownerReferences], [undefined, undefined])
  const bobs = JSON.parse(await must(['get', 'replicaset', 'bobs', '-n', namespace, '-o', 'json']))
  t.deepEqual([bobs.spec.replicas, bobs.metadata.ownerReferences], [1, undefined])
  await must(['delete', 'deployment,replicaset,pod', '--all', '-n', namespace, '--now', '--wait=false'])
})

const appY = (slug: string) => {
  const { metadata, spec } = template(slug)
  return { metadata: { ...metadata, labels: { app: 'y', [PERSON]: slug } }, spec }
}

for (const [kind, make] of Object.entries(MAKERS)) {
  test.serial(`a ${kind} of one’s own does not get the priority of desktops`, async (t) => {
    const kubeconfig = await student()
    const as = async (className: string) => {
      const object = JSON.stringify(make('ada')).replace(
        '"containers":',
        `"priorityClassName":"${className}","containers":`,
      )
      return await proofs.lab.run(['create', '--dry-run=server', '-f', '-'], { input: object, kubeconfig })
    }
    t.regex((await as('deskfleet-desktop')).stderr, /student may not give the priority of desktops/)
    const honest = await as('deskfleet-background')
    t.is(honest.code, 0, honest.stderr)
  })
}

test.serial('what people run besides desktops uses up no place of a desktop', async (t) => {
  await must(['create', '-f', '-'], carrying('ada'))
  const counted = await eventually('the pod is counted', async () => {
    const path = 'jsonpath={.status.used.pods}'
    const [desktops, others] = await Promise.all(
      ['desktops', 'others'].map((name) => must(['get', 'resourcequota', name, '-n', namespace, '-o', path])),
    )
    return others === '0' ? undefined : desktops
  })
  t.is(counted, '0')
  await must(['delete', 'pod', '--all', '-n', namespace, '--now'])
})

test.serial('a pod of somebody else is not resized', async (t) => {
  const kubeconfig = await student()
  await podOfBob('sized')
  const resources = { containers: [{ name: 'c', resources: { limits: { memory: '1Gi' } } }] }
  const patch = ['--subresource=resize', '--type=strategic', '-p', JSON.stringify({ spec: resources })]
  const resized = await proofs.lab.run(['patch', 'pod', 'sized', '-n', namespace, ...patch], { kubeconfig })
  t.regex(resized.stderr, /student may not claim bob/)
  await must(['delete', 'pod', 'sized', '-n', namespace, '--now'])
})

test.serial('nobody but the cluster tells Events of desktops, in either group that has them', async (t) => {
  const kubeconfig = await student()
  const about = (name: string) => ({ kind: 'Pod', namespace, name, apiVersion: 'v1' })
  const event = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'told', namespace },
    involvedObject: about(name),
    reason: 'Failed',
    message: 'call 555-0100',
    type: 'Warning',
  })
  const newer = (name: string) => ({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: 'told', namespace },
    regarding: about(name),
    reason: 'Failed',
    note: 'call 555-0100',
    type: 'Warning',
    action: 'x',
    eventTime: '2027-01-01T00:00:00.000000Z',
    reportingController: 'example.org/x',
    reportingInstance: 'x',
  })
  const as = (object: object) =>
    proofs.lab.run(['create', '--dry-run=server', '-f', '-'], { input: JSON.stringify(object), kubeconfig })
  for (const make of [event, newer]) {
    t.regex((await as(make('desktop-bob-5f7-abcde'))).stderr, /student may not tell Events of desktops/)
    const honest = await as(make('theirs'))
    t.is(honest.code, 0, honest.stderr)
  }
  for (const who of ['system:kube-scheduler', 'system:node:pc-1']) {
    const input = JSON.stringify(event('desktop-bob-5f7-abcde'))
    const groups = who.startsWith('system:node') ? ['--as-group', 'system:nodes'] : []
    const told = await proofs.lab.run(['create', '--dry-run=server', '-f', '-', '--as', who, ...groups], {
      input,
    })
    t.notRegex(told.stderr, /may not tell Events/, who)
  }
})

test.serial('nobody gives away, releases or keeps for ever what is another person’s', async (t) => {
  const kubeconfig = await student()
  await podOfBob('kept')
  for (const name of ['home-bob', 'shared'])
    await must(['create', '-f', '-'], {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace },
      spec: {
        accessModes: ['ReadWriteMany'],
        resources: { requests: { storage: '1Gi' } },
        volumeName: 'any',
      },
    })
  const patch = (kind: string, name: string, what: object) =>
    proofs.lab.run(['patch', kind, name, '-n', namespace, '--type=merge', '-p', JSON.stringify(what)], {
      kubeconfig,
    })
  const tries: readonly object[] = [
    GIVEN_AWAY,
    { metadata: { finalizers: ['example.org/for-ever'] } },
    { metadata: { labels: { app: null, note: 'x' } } },
    { metadata: { annotations: { note: 'x' } } },
  ]
  for (const what of tries) {
    t.regex(
      (await patch('pod', 'kept', what)).stderr,
      /student may not change a pod of bob/,
      JSON.stringify(what),
    )
    for (const name of ['home-bob', 'shared'])
      t.regex(
        (await patch('pvc', name, what)).stderr,
        /student may not change (home-bob|shared)/,
        JSON.stringify(what),
      )
  }
  const volumes = (name: string, volumeName: string) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace },
    spec: {
      accessModes: ['ReadWriteMany'],
      storageClassName: '',
      resources: { requests: { storage: '1Gi' } },
      ...(volumeName && { volumeName }),
    },
  })
  const claims = async (object: object) =>
    await proofs.lab.run(['create', '-f', '-'], { input: JSON.stringify(object), kubeconfig })
  for (const volume of ['deskfleet-home-bob', 'deskfleet-shared'])
    t.regex((await claims(volumes('hold', volume))).stderr, /student may not make homes here/)
  t.is((await claims(volumes('hold', ''))).code, 0)
  t.regex(
    (await patch('pvc', 'hold', { spec: { volumeName: 'deskfleet-home-bob' } })).stderr,
    /student may not change hold/,
  )
  const open = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'open', namespace },
    spec: { podSelector: {}, egress: [{}] },
  }
  t.regex((await claims(open)).stderr, /student may not change what desktops may call/)
  await must(['create', '-f', '-'], open)
  const closed = await proofs.lab.run(['delete', 'networkpolicy', 'open', '-n', namespace], { kubeconfig })
  t.regex(closed.stderr, /student may not change what desktops may call/)
  await must(['delete', 'networkpolicy', 'open', '-n', namespace])
  const budget = await proofs.lab.run(
    ['create', 'poddisruptionbudget', 'all', '-n', namespace, '--selector=a=b', '--max-unavailable=0'],
    { kubeconfig },
  )
  t.regex(budget.stderr, /student may not make disruption budgets here/)
  const own = carrying('ada')
  await must(['create', '-f', '-'], { ...own, metadata: { ...own.metadata, name: 'own' } })
  const noted = await patch('pod', 'own', { metadata: { annotations: { note: 'x' } } })
  t.is(noted.code, 0, noted.stderr)
  await must(['delete', 'pod,pvc', '--all', '-n', namespace, '--now', '--wait=false'])
})

/** What the collector of garbage removes, since its owner does not exist. */
const GIVEN_AWAY = {
  metadata: {
    ownerReferences: [
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'nowhere', uid: '00000000-0000-4000-8000-000000000000' },
    ],
  },
}
const TO_ADA = { spec: { template: { metadata: { labels: { [PERSON]: 'ada' } } } } }

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
  // A StatefulSet `x` with the claim template `home` asks its controller for this one.
  const controller = 'system:serviceaccount:kube-system:statefulset-controller'
  t.regex((await create(volume('home-x-0'), '--as', controller)).stderr, /may not make homes here/)
  t.is((await create(volume('data-x-0'), '--as', controller)).code, 0)
})

test.serial('no Service in desktops leads from or to outside the cluster', async (t) => {
  const kubeconfig = await student()
  const as = (spec: object) =>
    proofs.lab.run(['create', '--dry-run=server', '-f', '-'], {
      input: JSON.stringify({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'theirs', namespace },
        spec: { ports: [{ port: 80 }], selector: { app: 'x' }, ...spec },
      }),
      kubeconfig,
    })
  t.regex((await as({ externalIPs: ['192.0.2.1'] })).stderr, /externalIPs draws to this pod/)
  for (const type of ['NodePort', 'LoadBalancer', 'ExternalName']) {
    const more = type === 'ExternalName' ? { externalName: 'example.org' } : {}
    t.regex((await as({ type, ...more })).stderr, new RegExp(`${type} leads from or to outside`))
  }
  const honest = await as({})
  t.is(honest.code, 0, honest.stderr)
  await must(['create', 'service', 'clusterip', 'later', '--tcp=80', '-n', namespace])
  const patch = ['patch', 'service', 'later', '-n', namespace, '-p', '{"spec":{"externalIPs":["192.0.2.1"]}}']
  t.regex((await proofs.lab.run(patch, { kubeconfig })).stderr, /externalIPs draws to this pod/)
  await must(['delete', 'service', 'later', '-n', namespace])
})

test.serial('nobody takes away homes, desktops, or pods of somebody else', async (t) => {
  const kubeconfig = await student()
  const spec = {
    accessModes: ['ReadWriteMany'],
    resources: { requests: { storage: '1Gi' } },
    volumeName: 'any',
  }
  const made = [
    ...['shared', 'home-bob', 'scratch'].map((name) => ({
      ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace }, spec },
    })),
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'desktop-bob', namespace } },
    { ...MAKERS.Deployment?.('bob'), metadata: { name: 'desktop-bob', namespace } },
  ]
  for (const object of made) await must(['create', '-f', '-'], object)
  await podOfBob('of-bob')
  await must(['create', '-f', '-'], {
    ...carrying('ada'),
    metadata: { ...carrying('ada').metadata, name: 'of-ada' },
  })
  const remove = (...what: string[]) =>
    proofs.lab.run(['delete', ...what, '-n', namespace, '--wait=false'], { kubeconfig })
  for (const what of [
    ['pvc', 'shared'],
    ['pvc', 'home-bob'],
    ['secret', 'desktop-bob'],
    ['deployment', 'desktop-bob'],
  ])
    t.regex(
      (await remove(...what)).stderr,
      /student may not remove (shared|home-bob|desktop-bob):/,
      what.join(' '),
    )
  t.regex((await remove('pod', 'of-bob')).stderr, /student may not remove a pod of bob/)
  t.regex((await remove('pods', '--all')).stderr, /student may not remove/, 'nor all at once')
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'of-bob', namespace } }
  const path = `/api/v1/namespaces/${namespace}/pods/of-bob/eviction`
  const evicted = await proofs.lab.run(['create', '--raw', path, '-f', '-'], {
    input: JSON.stringify(eviction),
    kubeconfig,
  })
  t.regex(evicted.stderr, /student may not evict pods here/)
  t.is((await remove('pvc', 'scratch')).code, 0, 'what is their own goes')
  const own = await remove('pod', 'of-ada', '--now', '--ignore-not-found')
  t.is(own.code, 0, own.stderr)
  // Whose pods they are, the cluster itself takes away.
  await must([
    'delete',
    'deployment',
    'desktop-bob',
    '-n',
    namespace,
    '--cascade=foreground',
    '--timeout=60s',
  ])
  await must(['delete', 'pvc,secret,pod', '--all', '-n', namespace, '--now', '--wait=false'])
})

test.serial('names that begin with desktop- are the gateway’s', async (t) => {
  const kubeconfig = await student()
  const as = (object: object, ...more: string[]) =>
    proofs.lab.run(['create', '--dry-run=server', '-f', '-', ...more], {
      input: JSON.stringify(object),
      kubeconfig,
    })
  const called = (object: object, metadata: object) => ({ ...object, metadata: { namespace, ...metadata } })
  const secret = { apiVersion: 'v1', kind: 'Secret' }
  const service = { apiVersion: 'v1', kind: 'Service', spec: { ports: [{ port: 443 }] } }
  const squatting: [string, object][] = [
    ['a Secret', called(secret, { name: 'desktop-bob' })],
    ['a Service', called(service, { name: 'desktop-bob' })],
    ['a Pod', { ...carrying('ada'), metadata: { ...carrying('ada').metadata, name: 'desktop-bob' } }],
    ['a Deployment', called(MAKERS.Deployment?.('ada') ?? {}, { name: 'desktop-bob' })],
    ['a StatefulSet that names its pods so', called(MAKERS.StatefulSet?.('ada') ?? {}, { name: 'desktop' })],
    ['a Job of any such name', called(MAKERS.Job?.('ada') ?? {}, { generateName: 'desktop-b' })],
  ]
  for (const [what, object] of squatting) {
    t.regex((await as(object)).stderr, /student may not make or change .*the gateway's/, what)
  }
  t.is((await as(called(secret, { name: 'theirs' }))).code, 0)
  const gateway = ['--as', `system:serviceaccount:${NAMESPACES.system}:${GATEWAY.service}`]
  await must(['create', 'clusterrolebinding', 'gateway-tries', '--clusterrole=edit', `--user=${gateway[1]}`])
  for (const [what, object] of squatting) {
    const made = await create(object, ...gateway)
    t.is(made.code, 0, `${what}: ${made.stderr}`)
  }
})

test.serial('who may change workloads still may not scale or change a desktop of the gateway', async (t) => {
  const kubeconfig = await student()
  const desktop = MAKERS.Deployment?.('ada') ?? {}
  await must(['create', '-f', '-'], { ...desktop, metadata: { name: 'desktop-ada', namespace } })
  const as = (...args: string[]) => proofs.lab.run([...args, '-n', namespace], { kubeconfig })
  t.regex(
    (await as('scale', 'deployment/desktop-ada', '--replicas=0')).stderr,
    /student may not make or change/,
  )
  t.regex((await as('label', 'deployment/desktop-ada', 'a=b')).stderr, /student may not make or change/)
  await must(['delete', 'deployment', 'desktop-ada', '-n', namespace, '--now'])
})

test.serial('exec and attach to a pod of a person need the claim on everybody', async (t) => {
  const kubeconfig = await student()
  await podOfBob('entered')
  const refused = await proofs.lab.run(['exec', 'entered', '-n', namespace, '--', 'id'], { kubeconfig })
  t.regex(refused.stderr, /student may not enter pods here/)
  await must(['create', 'service', 'clusterip', 'into', '--tcp=80', '-n', namespace])
  const proxy = ['get', '--raw', `/api/v1/namespaces/${namespace}/services/into:80/proxy/`]
  t.regex((await proofs.lab.run(proxy, { kubeconfig })).stderr, /student may not enter pods here/)
  t.notRegex((await proofs.lab.run(proxy)).stderr, /may not enter/)
  await must(['delete', 'service', 'into', '-n', namespace])
  // The honest twin comes past admission, and finds no PC in this lab.
  const honest = await proofs.lab.run(['exec', 'entered', '-n', namespace, '--', 'id'])
  t.regex(honest.stderr, /does not have a host assigned/)
  await must(['delete', 'pod', 'entered', '-n', namespace, '--now'])
})

test.serial('an update is judged by who the pod was, too', async (t) => {
  const kubeconfig = await student()
  await podOfBob('changed')
  const image = ['set', 'image', 'pod/changed', `c=${ROOM_IMAGE}-evil`, '-n', namespace]
  t.regex((await proofs.lab.run(image, { kubeconfig })).stderr, /student may not (claim|change a pod of) bob/)
  const both = ['patch', 'pod', 'changed', '-n', namespace, '--type=merge', '-p']
  const relabel = JSON.stringify({ metadata: { labels: { [PERSON]: 'ada' } } })
  t.regex(
    (await proofs.lab.run([...both, relabel], { kubeconfig })).stderr,
    /student may not (claim|change a pod of) bob|never change/,
  )
  await must(['delete', 'pod', 'changed', '-n', namespace, '--now'])
})
