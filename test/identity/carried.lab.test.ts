import test from 'ava'
import fc from 'fast-check'
import { CARRIED } from '../../charts/identity/carried.ts'
import { proofsOf } from '../../charts/identity.ts'
import { breaches } from '../../charts/kit/policies/pod-security.ts'
import { PASSWD, PERSON } from '../../config/labels.ts'
import { IDENTITIES_CONFIG_MAP, NAMESPACES } from '../../config/names.ts'
import { ROOM_IMAGE } from '../harness/platform.ts'
import { eventually } from '../harness/wait.ts'
import { applied } from '../webhook/calls.ts'
import { carrying, decisionOn, namespace, type ProofLab, people, pod, proofLab } from './proof-lab.ts'
import { append, container, users, WRONG } from './wrong-pods.ts'

/** The API server alone proves what a pod carries. Every rule has a refusal; the honest twin of all is `carrying`. */

let proofs: ProofLab

test.before(async () => {
  proofs = await proofLab()
})
test.after.always(() => proofs?.lab.down())

const must: ProofLab['must'] = (...given) => proofs.must(...given)
const create: ProofLab['create'] = (...given) => proofs.create(...given)

test.serial('every policy is accepted with clean types', async (t) => {
  for (const { name } of proofsOf({ sources: { kind: 'existing' } })) {
    // Absent until the controller has checked it, which takes a busy machine a while.
    const found = await eventually(`${name} is type-checked`, async () => {
      const { status } = JSON.parse(await must(['get', 'validatingadmissionpolicy', name, '-o', 'json']))
      return status?.typeChecking
    })
    t.deepEqual(found, {}, `${name}: ${JSON.stringify(found)}`)
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
  const warnings = await eventually('the policy is type-checked', async () => {
    const { status } = JSON.parse(await must(['get', 'validatingadmissionpolicy', 'wrong', '-o', 'json']))
    return status?.typeChecking?.expressionWarnings
  })
  t.regex(JSON.stringify(warnings), /undefined field 'containerz'/)
})

for (const slug of people.map(({ metadata }) => metadata.name)) {
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
      image: ROOM_IMAGE,
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
    return applied(given, decisionOn(given))
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
    for (let tries = 0; tries < 300 && refused.code === 0; tries++) refused = await create(carrying('ada'))
    t.not(refused.code, 0)
    t.regex(refused.stderr, /no params found|paramRef|parameter/i)
  } finally {
    await proofs.publish()
  }
  t.true(
    await eventually('the honest pod passes again', async () => (await create(carrying('ada'))).code === 0),
  )
})

test.serial('whose a pod is never changes, and neither do its files', async (t) => {
  const object = carrying('ada')
  object.metadata.name = 'fixed'
  await must(['create', '-f', '-'], object)
  const label = await proofs.lab.run([
    'label',
    'pod',
    'fixed',
    '-n',
    namespace,
    '--overwrite',
    `${PERSON}=bob`,
  ])
  t.regex(label.stderr, /never change/)
  const file = await proofs.lab.run([
    'annotate',
    'pod',
    'fixed',
    '-n',
    namespace,
    '--overwrite',
    `${PASSWD}=x`,
  ])
  t.regex(file.stderr, /never change/)
  // The honest twin: what says nothing of identity may change, and finalizers come off.
  await must(['annotate', 'pod', 'fixed', '-n', namespace, 'example.org/note=x'])
  await must(['delete', 'pod', 'fixed', '-n', namespace, '--now'])
})

test.serial('the status of a pod is no way to another person, or to other files', async (t) => {
  const object = carrying('ada')
  object.metadata.name = 'status'
  await must(['create', '-f', '-'], object)
  const patch = (metadata: object) =>
    proofs.lab.run([
      ...['patch', 'pod', 'status', '-n', namespace, '--subresource=status', '--type=merge'],
      ...['-p', JSON.stringify({ metadata })],
    ])
  t.regex((await patch({ labels: { [PERSON]: 'bob' } })).stderr, /never change/)
  t.regex((await patch({ annotations: { [PASSWD]: 'forged' } })).stderr, /never change/)
  const honest = await patch({ annotations: { 'example.org/note': 'x' } })
  t.is(honest.code, 0, honest.stderr)
  await must(['delete', 'pod', 'status', '-n', namespace, '--now'])
})

test.serial('a container added later is nobody else', async (t) => {
  const object = carrying('ada')
  object.metadata.name = 'debugged'
  await must(['create', '-f', '-'], object)
  const current = JSON.parse(await must(['get', 'pod', 'debugged', '-n', namespace, '-o', 'json']))
  const attach = (late: object) =>
    proofs.lab.run(
      ['replace', '--raw', `/api/v1/namespaces/${namespace}/pods/debugged/ephemeralcontainers`, '-f', '-'],
      {
        input: JSON.stringify({
          ...current,
          spec: {
            ...current.spec,
            ephemeralContainers: [
              {
                name: 'late',
                image: ROOM_IMAGE,
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
