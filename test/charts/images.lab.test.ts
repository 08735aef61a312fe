import test from 'ava'
import { DESKTOPS } from '../../config/labels.ts'
import { NAMESPACES } from '../../config/names.ts'
import { applyFolder } from '../../lab/manifests/apply.ts'
import { renderWith } from '../../lab/manifests/render.ts'
import { fresh, must, type OwnLab, ownLab } from '../harness/lab.ts'
import { eventually } from '../harness/wait.ts'

/** Only images of the room's registry run in our own namespaces and in those of desktops, and what `cluster.yaml` pins. */

const REGISTRY = 'registry.test:5000'
const digest = (digit: string) => `@sha256:${digit.repeat(64)}`
const PINNED = {
  images: `elsewhere.test/ldap${digest('1')}`,
  templates: `elsewhere.test/desktop${digest('2')}`,
  'desktops.images': `elsewhere.test/notebook${digest('3')}`,
}

let own: OwnLab
const desktops = fresh()
const others = fresh()

test.before(async () => {
  own = await ownLab()
  const overlay = {
    registry: REGISTRY,
    images: { ldap: PINNED.images },
    templates: [{ name: 'odd', image: PINNED.templates }],
    desktops: { images: [PINNED['desktops.images']] },
  }
  const folder = `${own.lab.dir}/dist`
  renderWith(JSON.stringify(overlay), folder)
  const problems = await applyFolder(own.lab, `${folder}/namespaces`)
  if (problems.length > 0) throw new Error(problems.join('\n'))
  for (const namespace of [desktops, others]) await must(own.lab, ['create', 'namespace', namespace])
  for (const namespace of [desktops, others, NAMESPACES.storage])
    await eventually(`pods can be made in ${namespace}`, async () => (await tried(namespace)).code === 0)
  await must(own.lab, ['create', '-f', '-'], pod('before', desktops, { containers: [c('old:1')] }))
  await must(own.lab, ['label', 'namespace', desktops, `${DESKTOPS}=true`])
  for (const namespace of [desktops, NAMESPACES.storage])
    await eventually(
      `the policy acts in ${namespace}`,
      async () => (await tried(namespace, 'x:1')).code !== 0,
    )
})
test.after.always(() => own?.end())

const c = (image: string, name = 'c') => ({ name, image })

const pod = (name: string, namespace: string, spec: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec,
})

const create = (object: object) =>
  own.lab.run(['create', '--dry-run=server', '-f', '-'], { input: JSON.stringify(object) })

const tried = (namespace: string, image = `${REGISTRY}/x:1`) =>
  create(pod('tried', namespace, { containers: [c(image)] }))

const refusal = (image: string) =>
  `the image ${image} is not in the room's registry: push it to ${REGISTRY}, or name it by digest in desktops.images of cluster.yaml`

test.serial('the policy is accepted with clean types', async (t) => {
  const name = 'deskfleet-images'
  const status = await eventually('the policy is type-checked', async () => {
    const text = await must(own.lab, ['get', 'validatingadmissionpolicy', name, '-o', 'json'])
    return JSON.parse(text).status?.typeChecking && JSON.parse(text).status
  })
  t.deepEqual(status.typeChecking, {})
})

const STRANGE = [
  'x',
  'docker.io/library/debian:trixie',
  `docker.io/library/debian${digest('4')}`,
  `${REGISTRY}.evil.test/x:1`,
  `${REGISTRY}1/x:1`,
  `evil.test/${REGISTRY}/x:1`,
  `elsewhere.test/ldap:latest`,
  `elsewhere.test/ldap${digest('9')}`,
]

for (const image of STRANGE) {
  test.serial(`${image} runs neither as a desktop nor beside our programs`, async (t) => {
    for (const namespace of [desktops, NAMESPACES.storage]) {
      const { code, stderr } = await tried(namespace, image)
      t.not(code, 0, namespace)
      t.true(stderr.includes(refusal(image)), stderr)
    }
  })
}

test.serial('no container, and no folder, of a pod comes from elsewhere', async (t) => {
  const good = c(`${REGISTRY}/x:1`)
  const wrong = [
    { containers: [good, c('evil:1', 'second')] },
    { containers: [good], initContainers: [c('evil:1', 'first')] },
    { containers: [good], volumes: [{ name: 'v', image: { reference: 'evil:1' } }] },
  ]
  for (const spec of wrong) {
    const { code, stderr } = await create(pod('tried', desktops, spec))
    t.not(code, 0)
    t.true(stderr.includes(refusal('evil:1')), stderr)
  }
})

test.serial("what is in the room's registry runs, and what cluster.yaml pins", async (t) => {
  for (const image of [`${REGISTRY}/a/b:1`, `${REGISTRY}/x${digest('5')}`, ...Object.values(PINNED)]) {
    for (const namespace of [desktops, NAMESPACES.storage]) {
      const { code, stderr } = await tried(namespace, image)
      t.is(code, 0, stderr)
    }
  }
})

test.serial('namespaces of somebody else are theirs', async (t) => {
  t.is((await tried(others, 'x:1')).code, 0)
})

test.serial('a pod gets no other image later, and no container from elsewhere', async (t) => {
  await must(own.lab, ['create', '-f', '-'], pod('late', desktops, { containers: [c(`${REGISTRY}/x:1`)] }))
  const image = (reference: string) =>
    own.lab.run(['set', 'image', 'pod/late', `c=${reference}`, '-n', desktops])
  t.true((await image('evil:1')).stderr.includes(refusal('evil:1')))
  t.is((await image(`${REGISTRY}/x:2`)).code, 0)

  const current = JSON.parse(await must(own.lab, ['get', 'pod', 'late', '-n', desktops, '-o', 'json']))
  const path = `/api/v1/namespaces/${desktops}/pods/late/ephemeralcontainers`
  const join = (reference: string) => {
    const spec = { ...current.spec, ephemeralContainers: [c(reference, 'late')] }
    return own.lab.run(['replace', '--raw', path, '-f', '-'], { input: JSON.stringify({ ...current, spec }) })
  }
  t.true((await join('evil:1')).stderr.includes(refusal('evil:1')))
  const honest = await join(`${REGISTRY}/x:1`)
  t.is(honest.code, 0, honest.stderr)
})

test.serial('a pod from before may change in all but its image', async (t) => {
  await must(own.lab, ['label', 'pod', 'before', 'a=b', '-n', desktops])
  const tolerations = JSON.stringify({ spec: { tolerations: [{ key: 'a', operator: 'Exists' }] } })
  await must(own.lab, ['patch', 'pod', 'before', '-n', desktops, '--type=merge', '-p', tolerations])
  const { stderr } = await own.lab.run(['set', 'image', 'pod/before', 'c=evil:1', '-n', desktops])
  t.true(stderr.includes(refusal('evil:1')), stderr)
})

test.serial('a Deployment is taken, and its pods are refused with the reason', async (t) => {
  const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [c('evil:1')] } }
  await must(own.lab, ['create', '-f', '-'], {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'theirs', namespace: desktops },
    spec: { selector: { matchLabels: { app: 'x' } }, template },
  })
  const said = await eventually('the Deployment says why', async () => {
    const path = 'jsonpath={.status.conditions[?(@.type=="ReplicaFailure")].message}'
    return must(own.lab, ['get', 'deployment', 'theirs', '-n', desktops, '-o', path])
  })
  t.true(said.includes(refusal('evil:1')), said)
})
