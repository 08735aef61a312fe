import test from 'ava'
import fc from 'fast-check'
import { CARRIED } from '../../charts/identity/carried.ts'
import { CLAIM_PROOFS } from '../../charts/identity/claims.ts'
import { breaches } from '../../charts/kit/policies/pod-security.ts'
import { digestLine } from '../../config/identity.ts'
import { GROUP, PASSWD, PERSON } from '../../config/labels.ts'
import { API_GROUP, CLAIM_VERB, IDENTITIES_CONFIG_MAP, IDENTITY, NAMESPACES } from '../../config/names.ts'
import { applyFolder } from '../../lab/apply.ts'
import { type BareLab, up } from '../../lab/bare.ts'
import { renderWith } from '../../lab/render.ts'
import { applied, decideOn } from '../webhook/calls.ts'
import { person } from '../webhook/people.ts'

/**
 * The API server's own proofs, on a lab without any webhook: what is tried here came past it. Every rule has a
 * refusal and an honest twin.
 */

let lab: BareLab
const namespace = NAMESPACES.desktops

test.before(async () => {
  lab = await up({ name: `proofs-${process.pid}`, ownerPid: process.pid })
  const folder = `${lab.dir}/dist`
  renderWith('{}', folder)
  for (const app of ['namespaces', 'identity']) {
    const problems = await applyFolder(lab, `${folder}/${app}`)
    if (problems.length > 0) throw new Error(problems.join('\n'))
  }
  // PodSecurity, which refuses some of these first, is out of the way: the proofs must stand by themselves.
  await must([
    'label',
    'namespace',
    namespace,
    '--overwrite',
    'pod-security.kubernetes.io/enforce=privileged',
  ])
  await identities()
  await ready()
})

test.after.always(() => lab?.down())

const people = ['ada', 'bob', 'grace-hopper--5d41402a'].map((slug) => person(slug))

async function identities(): Promise<void> {
  const data = Object.fromEntries(people.map(({ metadata, spec }) => [metadata.name, digestLine(spec)]))
  await must(['apply', '--server-side', '-f', '-'], {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: IDENTITIES_CONFIG_MAP, namespace: NAMESPACES.system },
    data,
  })
}

/** Policies act a moment after they are taken: wait until a pod of nobody is refused, and one of ada is not. */
async function ready(): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    const [bad, good] = [await create(pod({ [PERSON]: 'nobody' })), await create(carrying('ada'))]
    if (bad.code !== 0 && good.code === 0) return
    await new Promise((done) => setTimeout(done, 500))
  }
  const { stderr } = await create(carrying('ada'))
  throw new Error(`the policies do not act as they must; the honest pod says: ${stderr}`)
}

async function must(args: readonly string[], input?: object): Promise<string> {
  const { code, stdout, stderr } = await lab.run(
    args,
    input === undefined ? {} : { input: JSON.stringify(input) },
  )
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}

const create = (object: object, ...more: string[]) =>
  lab.run(['create', '--dry-run=server', '-f', '-', ...more], { input: JSON.stringify(object) })

const pod = (
  labels: Record<string, string>,
  spec: object = { containers: [{ name: 'c', image: 'x:1' }] },
) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'desktop', namespace, labels },
  spec,
})

type Tree = Record<string, unknown>

/** The pod as the webhook would have made it, ready to be spoiled. */
function carrying(slug: string) {
  const plain = pod(
    { [PERSON]: slug },
    {
      initContainers: [{ name: 'i', image: 'x:1' }],
      containers: [{ name: 'c', image: 'x:1' }],
      volumes: [{ name: 'scratch', emptyDir: {} }],
    },
  )
  const made = structuredClone(applied(plain, decideOn(plain)))
  const metadata: Tree = made.metadata
  return { ...made, metadata }
}

/** Sets one field by its path: `spec.containers.0.name`. */
function spoil(path: string, value: unknown) {
  return (object: object): object => {
    const keys = path.split('/')
    let at = object as Tree
    for (const key of keys.slice(0, -1)) at = at[key] as Tree
    const last = keys.at(-1) ?? ''
    if (value === undefined) delete at[last]
    else at[last] = value
    return object
  }
}

const append = (path: string, value: unknown) => (object: object) => {
  let at: unknown = object
  for (const key of path.split('/')) at = (at as Tree)[key]
  ;(at as unknown[]).push(value)
  return object
}

const text = (path: string, change: (before: string) => string) => (object: object) => {
  let at: unknown = object
  for (const key of path.split('/').slice(0, 1)) at = (at as Tree)[key]
  const annotations = (at as { annotations: Record<string, string> }).annotations
  const key = path.split('/').slice(2).join('/')
  annotations[key] = change(annotations[key] ?? '')
  return object
}

const container = 'spec/containers/0'
const init = 'spec/initContainers/0'
const users = /no container may run as anybody else/
const others = /other volumes may only be/
const placed = /nothing else may be mounted/
const given = /the volumes home .* must be as the webhook gives them/
const mounted = /every container must mount home/

/** Each way to be wrong, and what the API server says of it. The honest twin of all is `carrying('ada')`. */
const WRONG: Readonly<Record<string, readonly [spoil: (object: object) => object, says: RegExp]>> = {
  'no label': [spoil(`metadata/labels`, {}), /must say whose it is/],
  'an unknown person': [spoil('metadata/labels', { [PERSON]: 'nobody' }), /nobody named nobody is known/],
  "another person's label": [spoil('metadata/labels', { [PERSON]: 'bob' }), /must have runAsUser/],
  'another uid': [spoil('spec/securityContext/runAsUser', 10999), /must have runAsUser/],
  'no uid': [spoil('spec/securityContext/runAsUser', undefined), /must have runAsUser/],
  'another gid': [spoil('spec/securityContext/runAsGroup', 10999), /must have runAsUser/],
  'no gid': [spoil('spec/securityContext/runAsGroup', undefined), /must have runAsUser/],
  'no pod settings at all': [spoil('spec/securityContext', undefined), /must have runAsUser/],
  'a group too many': [append('spec/securityContext/supplementalGroups', 10777), /supplementalGroups/],
  'a group too few': [spoil('spec/securityContext/supplementalGroups', []), /supplementalGroups/],
  'groups of the image, too': [
    spoil('spec/securityContext/supplementalGroupsPolicy', 'Merge'),
    /supplementalGroupsPolicy Strict/,
  ],
  fsGroup: [spoil('spec/securityContext/fsGroup', 10001), /no fsGroup/],
  'a container of another uid': [spoil(`${container}/securityContext/runAsUser`, 10999), users],
  'an init container of another uid': [spoil(`${init}/securityContext/runAsUser`, 10999), users],
  'a container of another gid': [spoil(`${container}/securityContext/runAsGroup`, 10999), users],
  'a container that may be root': [spoil(`${container}/securityContext/runAsNonRoot`, false), users],
  "another person's home": [spoil('spec/volumes/1/persistentVolumeClaim/claimName', 'home-bob'), given],
  'a second home': [
    append('spec/volumes', { name: 'more', persistentVolumeClaim: { claimName: 'home-bob' } }),
    others,
  ],
  'a path of the host': [append('spec/volumes', { name: 'more', hostPath: { path: '/' } }), others],
  'a token of the API': [
    append('spec/volumes', {
      name: 'more',
      projected: { sources: [{ serviceAccountToken: { path: 'token' } }] },
    }),
    others,
  ],
  "another desktop's secret": [
    append('spec/volumes', { name: 'more', secret: { secretName: 'desktop-bob' } }),
    others,
  ],
  'a volume of another server': [
    append('spec/volumes', { name: 'more', nfs: { server: 'x', path: '/' } }),
    others,
  ],
  'files from elsewhere': [
    spoil('spec/volumes/3', { name: 'identity', configMap: { name: 'forged' } }),
    given,
  ],
  'the passwd file from another annotation': [
    spoil('spec/volumes/3/downwardAPI/items/0/fieldRef/fieldPath', "metadata.annotations['forged']"),
    given,
  ],
  'a home that is not mounted': [spoil(`${container}/volumeMounts/0/mountPath`, '/elsewhere'), mounted],
  'a part of the home': [spoil(`${container}/volumeMounts/0/subPath`, 'bob'), mounted],
  'a home that does not follow': [spoil(`${container}/volumeMounts/0/mountPropagation`, 'None'), mounted],
  'no passwd file in the init container': [spoil(`${init}/volumeMounts/2/mountPath`, '/etc/shadow'), mounted],
  'something over the home': [
    append(`${container}/volumeMounts`, { name: 'scratch', mountPath: '/home/ada' }),
    placed,
  ],
  'something over /etc': [
    append(`${container}/volumeMounts`, { name: 'scratch', mountPath: '/etc' }),
    placed,
  ],
  'something over the whole root': [
    append(`${container}/volumeMounts`, { name: 'scratch', mountPath: '/' }),
    placed,
  ],
  'something over the home by a crooked path': [
    append(`${container}/volumeMounts`, { name: 'scratch', mountPath: '/tmp/../home' }),
    /nothing else may be mounted|must not contain '\.\.'/,
  ],
  'the home in a second place': [
    append(`${container}/volumeMounts`, { name: 'home', mountPath: '/backdoor' }),
    placed,
  ],
  'a variable from another Secret': [
    append(`${container}/env`, {
      name: 'X',
      valueFrom: { secretKeyRef: { name: 'desktop-bob', key: 'token' } },
    }),
    /no container may read another Secret/,
  ],
  'all variables of another Secret': [
    spoil(`${init}/envFrom`, [{ secretRef: { name: 'ldap-admin' } }]),
    /no container may read another Secret/,
  ],
  'another HOME': [spoil(`${container}/env/0/value`, '/home/bob'), /HOME, USER and LOGNAME/],
  'a second USER': [append(`${container}/env`, { name: 'USER', value: 'bob' }), /HOME, USER and LOGNAME/],
  'a forged passwd line': [
    text(`metadata/annotations/${PASSWD}`, (before) => before.replace(/:\d+:\d+:ada:/, ':0:0:ada:')),
    /the annotation .*passwd/,
  ],
  'a passwd line too many': [
    text(`metadata/annotations/${PASSWD}`, (before) => `${before}toor:x:0:0::/:/bin/sh\n`),
    /the annotation .*passwd/,
  ],
  'a forged group': [
    text(`metadata/annotations/${GROUP}`, (before) => `${before}wheel:x:10:ada\n`),
    /the annotation .*group/,
  ],
  'a group under another gid': [
    text(`metadata/annotations/${GROUP}`, (before) => before.replace(/people:x:\d+/, 'people:x:4')),
    /the annotation .*group/,
  ],
  'a chosen PC': [spoil('spec/nodeName', 'pc-1'), /choose its PC/],
  'the network of the PC': [spoil('spec/hostNetwork', true), /share a namespace of its PC|host namespaces/],
}

test.serial('every policy is accepted with clean types', async (t) => {
  for (const { name } of [CARRIED, ...CLAIM_PROOFS]) {
    const { status } = JSON.parse(await must(['get', 'validatingadmissionpolicy', name, '-o', 'json']))
    t.deepEqual(status?.typeChecking, {}, `${name}: ${JSON.stringify(status)}`)
  }
})

test.serial('an expression of a wrong type would be seen', async (t) => {
  const { spec } = JSON.parse(await must(['get', 'validatingadmissionpolicy', CARRIED.name, '-o', 'json']))
  await must(['create', '-f', '-'], {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'wrong' },
    spec: { ...spec, variables: [], validations: [{ expression: 'object.spec.containerz.size() > 0' }] },
  })
  let warnings: unknown
  for (let tries = 0; tries < 40 && warnings === undefined; tries++) {
    const { status } = JSON.parse(await must(['get', 'validatingadmissionpolicy', 'wrong', '-o', 'json']))
    warnings = status?.typeChecking?.expressionWarnings
    await new Promise((done) => setTimeout(done, 250))
  }
  t.regex(JSON.stringify(warnings), /undefined field 'containerz'/)
})

for (const slug of ['ada', 'bob', 'grace-hopper--5d41402a']) {
  test.serial(`what the webhook makes for ${slug} is proved`, async (t) => {
    const { code, stderr } = await create(carrying(slug))
    t.is(code, 0, stderr)
  })
}

const word = fc.stringMatching(/^[a-z]{1,6}$/)
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const oneContainer = fc.record({
  env: some(
    fc.uniqueArray(fc.record({ name: word, value: word }), { selector: ({ name }) => name, maxLength: 3 }),
  ),
  command: some(fc.array(word, { minLength: 1, maxLength: 3 })),
  volumeMounts: some(
    fc.uniqueArray(
      word.map((at) => ({ name: 'scratch', mountPath: `/srv/${at}` })),
      {
        selector: ({ mountPath }) => mountPath,
        maxLength: 3,
      },
    ),
  ),
  securityContext: some(fc.record({ readOnlyRootFilesystem: fc.boolean() })),
})

/** Pods as people might write them: lawful for Kubernetes, without conflicts, of anybody. */
const anyPod = fc.record({
  slug: fc.constantFrom(...people.map(({ metadata }) => metadata.name)),
  containers: fc.array(oneContainer, { minLength: 1, maxLength: 3 }),
  inits: fc.array(oneContainer, { maxLength: 2 }),
  note: some(word),
})

test.serial('whatever the webhook makes, the proofs and PodSecurity restricted accept', async (t) => {
  const made = fc.sample(anyPod, 80).map(({ slug, containers, inits, note }, index) => {
    const named = (prefix: string) => (one: object, place: number) => ({
      name: `${prefix}${place}`,
      image: 'x:1',
      ...one,
    })
    const plain = {
      ...pod(
        { [PERSON]: slug },
        {
          containers: containers.map(named('c')),
          ...(inits.length === 0 ? {} : { initContainers: inits.map(named('i')) }),
          volumes: [{ name: 'scratch', emptyDir: {} }],
        },
      ),
    }
    const metadata = {
      ...plain.metadata,
      name: `p${index}`,
      ...(note === undefined ? {} : { annotations: { note } }),
    }
    const given = JSON.parse(JSON.stringify({ ...plain, metadata }))
    return applied(given, decideOn(given))
  })
  for (const { spec } of made) t.deepEqual(breaches(spec, 'restricted'), [])
  const { code, stdout, stderr } = await create({ apiVersion: 'v1', kind: 'List', items: made })
  t.is(stderr, '')
  t.is(code, 0)
  t.is(stdout.trim().split('\n').length, made.length)
})

for (const [name, [change, says]] of Object.entries(WRONG)) {
  test.serial(`a pod with ${name} is refused by the API server alone`, async (t) => {
    const { code, stderr } = await create(change(carrying('ada')))
    t.not(code, 0)
    t.regex(stderr, says)
    t.regex(stderr, /is (forbidden|invalid)/)
  })
}

test.serial('what is allowed beside the belongings passes', async (t) => {
  const object = carrying('ada')
  append('spec/volumes', { name: 'token', secret: { secretName: 'desktop-ada' } })(object)
  append(`${container}/volumeMounts`, { name: 'scratch', mountPath: '/tmp/.X11-unix' })(object)
  append(`${container}/volumeMounts`, { name: 'token', mountPath: '/run/desktop', readOnly: true })(object)
  const { code, stderr } = await create(object)
  t.is(code, 0, stderr)
})

test.serial('without the ConfigMap of identities, nobody gets in', async (t) => {
  await must(['delete', 'configmap', IDENTITIES_CONFIG_MAP, '-n', NAMESPACES.system])
  try {
    let refused = { code: 0, stderr: '' }
    for (let tries = 0; tries < 20 && refused.code === 0; tries++) refused = await create(carrying('ada'))
    t.not(refused.code, 0)
    t.regex(refused.stderr, /no params found|paramRef|parameter/i)
  } finally {
    await identities()
  }
  for (let tries = 0; tries < 40; tries++) {
    if ((await create(carrying('ada'))).code === 0) return t.pass()
    await new Promise((done) => setTimeout(done, 250))
  }
  return t.fail('the honest pod must pass again')
})

test.serial('whose a pod is never changes, and neither do its files', async (t) => {
  const object = carrying('ada')
  object.metadata.name = 'fixed'
  await must(['create', '-f', '-'], object)
  const label = await lab.run(['label', 'pod', 'fixed', '-n', namespace, '--overwrite', `${PERSON}=bob`])
  t.regex(label.stderr, /never change/)
  const file = await lab.run(['annotate', 'pod', 'fixed', '-n', namespace, '--overwrite', `${PASSWD}=x`])
  t.regex(file.stderr, /never change/)
  // The honest twin: what says nothing of identity may change, and finalizers come off.
  await must(['annotate', 'pod', 'fixed', '-n', namespace, 'example.org/note=x'])
  await must(['delete', 'pod', 'fixed', '-n', namespace, '--now'])
})

test.serial('a container added later is nobody else', async (t) => {
  const object = carrying('ada')
  object.metadata.name = 'debugged'
  await must(['create', '-f', '-'], object)
  const current = JSON.parse(await must(['get', 'pod', 'debugged', '-n', namespace, '-o', 'json']))
  const attach = (late: object) =>
    lab.run(
      ['replace', '--raw', `/api/v1/namespaces/${namespace}/pods/debugged/ephemeralcontainers`, '-f', '-'],
      {
        input: JSON.stringify({
          ...current,
          spec: {
            ...current.spec,
            ephemeralContainers: [
              {
                name: 'late',
                image: 'x:1',
                securityContext: {
                  allowPrivilegeEscalation: false,
                  capabilities: { drop: ['ALL'] },
                  ...late,
                },
              },
            ],
          },
        }),
      },
    )
  t.regex((await attach({ runAsUser: 10999 })).stderr, users)
  const honest = await attach({})
  t.is(honest.code, 0, honest.stderr)
  await must(['delete', 'pod', 'debugged', '-n', namespace, '--now'])
})

/** Who may make anything in `desktops`, but claim ada alone. */
async function student(): Promise<string> {
  const kubeconfig = await lab.actAsUser('student')
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
      lab.run(['create', '--dry-run=server', '-f', '-'], { input: JSON.stringify(object), kubeconfig })
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
  const as = (...args: string[]) => lab.run([...args, '-n', namespace], { kubeconfig })
  const image = await as('set', 'image', 'deployment/theirs', 'c=evil:1')
  t.regex(image.stderr, /student may not claim bob/)
  const scaled = await as('scale', 'deployment/theirs', '--replicas=0')
  t.is(scaled.code, 0, scaled.stderr)
  const labelled = await as('label', 'deployment/theirs', 'example.org/note=x')
  t.is(labelled.code, 0, labelled.stderr)
  await must(['delete', 'deployment', 'theirs', '-n', namespace, '--now'])
})
