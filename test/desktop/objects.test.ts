import test from 'ava'
import { readSettings } from '../../bridge/settings.ts'
import { compileCluster } from '../../charts/apps.ts'
import { breaches } from '../../charts/kit/policies/pod-security.ts'
import { unknownFields } from '../../charts/kit/policies/shape.ts'
import { PERSON, TEMPLATE } from '../../config/labels.ts'
import { DESKTOP } from '../../config/names.ts'
import { SCRATCH } from '../../config/pod-bounds.ts'
import { readCluster } from '../../config/read.ts'
import type { Cluster, Template } from '../../config/schema.ts'
import { screenPixels } from '../../config/screen-size.ts'
import { desktopObjects } from '../../desktop/objects.ts'
import { applied, decideOn } from '../webhook/calls.ts'
import { person } from '../webhook/people.ts'

const KEYS = { certificate: 'CERTIFICATE', key: 'KEY', token: 'TOKEN', gatewayAuthorities: 'CA' }

function cluster(text = ''): Cluster {
  const read = readCluster({ name: 'cluster.yaml', text: `domain: room.test\n${text}` })
  if (!read.ok) throw new Error(read.findings.map(({ what }) => what).join('\n'))
  return read.value
}

function template(room: Cluster): Template {
  const [first] = room.templates
  if (!first) throw new Error('there is no template')
  return first
}

const made = (slug = 'ada', room = cluster(), running = true) =>
  desktopObjects(person(slug), template(room), room, { running, keys: KEYS })

test('a desktop has at most one pod (Recreate), which leaves a dead PC after 5 s', (t) => {
  const { deployment } = made()
  t.is(deployment.spec?.replicas, 1)
  t.is(made('ada', cluster(), false).deployment.spec?.replicas, 0)
  t.deepEqual(deployment.spec?.strategy, { type: 'Recreate' })
  t.deepEqual(
    deployment.spec?.template.spec?.tolerations?.map(({ key, tolerationSeconds }) => [
      key,
      tolerationSeconds,
    ]),
    [
      ['node.kubernetes.io/not-ready', 5],
      ['node.kubernetes.io/unreachable', 0],
    ],
  )
})

test('Deployment and pod are labelled with person and template; the Service selects only that pod', (t) => {
  const { deployment, service } = made('bob')
  const pod = deployment.spec?.template.metadata?.labels ?? {}
  for (const labels of [deployment.metadata.labels ?? {}, pod]) {
    t.is(labels[PERSON], 'bob')
    t.is(labels[TEMPLATE], 'office')
  }
  const selector = service.spec?.selector ?? {}
  t.is(selector[PERSON], 'bob')
  t.deepEqual({ ...pod, ...selector }, pod)
  t.deepEqual(deployment.spec?.selector.matchLabels, selector)
})

test('the Secret holds the keys that were given, and is mounted where the bridge reads it', (t) => {
  const { secret, deployment } = made()
  t.deepEqual(
    Object.fromEntries(
      Object.entries(secret.data ?? {}).map(([name, text]) => [name, Buffer.from(text, 'base64').toString()]),
    ),
    { 'tls.crt': 'CERTIFICATE', 'tls.key': 'KEY', token: 'TOKEN', 'gateway-ca.crt': 'CA' },
  )
  const spec = deployment.spec?.template.spec
  t.is(spec?.volumes?.find(({ name }) => name === 'keys')?.secret?.secretName, secret.metadata.name)
  t.is(spec?.containers[0]?.volumeMounts?.find(({ name }) => name === 'keys')?.mountPath, DESKTOP.secrets)
})

test('every field is known to Kubernetes, and the pod is allowed under restricted', (t) => {
  const { deployment, service, secret } = made()
  t.deepEqual(unknownFields(deployment, 'V1Deployment', ''), [])
  t.deepEqual(unknownFields(service, 'V1Service', ''), [])
  t.deepEqual(unknownFields(secret, 'V1Secret', ''), [])
  const spec = deployment.spec?.template.spec
  t.deepEqual(spec && breaches(spec, 'restricted'), [])
})

test('the webhook accepts the pod, and with what it adds the bridge has all its settings', (t) => {
  const { deployment } = made(
    'ada',
    cluster('desktops: { language: de_CH, keyboard: ch(fr), timeZone: Europe/Zurich }\n'),
  )
  const pod = JSON.parse(JSON.stringify(deployment.spec?.template))
  const object = { apiVersion: 'v1', kind: 'Pod', ...pod }
  const decision = decideOn(object)
  t.is(decision.result, 'patched', 'message' in decision ? decision.message : '')
  const taken = applied(object, decision)
  t.is(decideOn(taken).result, 'untouched', 'nothing is lacking then')
  const entries: { name: string; value?: string }[] = taken.spec.containers[0].env
  const env = Object.fromEntries(entries.map(({ name, value }) => [name, value ?? 'from the pod']))
  const read = readSettings(env)
  if ('faults' in read) return t.fail(read.faults.join('\n'))
  const { home, entryUUID, pod: uid, screenPixels: pixels, language, keyboard, timeZone } = read.settings
  t.deepEqual(
    { home, entryUUID, uid, pixels, language, keyboard, timeZone },
    {
      home: '/home/ada',
      entryUUID: person('ada').spec.entryUUID,
      uid: 'from the pod',
      pixels: screenPixels('2Gi'),
      language: 'de_CH.UTF-8',
      keyboard: 'ch(fr)',
      timeZone: 'Europe/Zurich',
    },
  )
})

test('labels that a template requires become the node selector', (t) => {
  const room = cluster('templates:\n  - { name: cad, requires: { room.test/gpu: "true" } }\n')
  t.deepEqual(made('ada', room).deployment.spec?.template.spec?.nodeSelector, { 'room.test/gpu': 'true' })
})

test('a template whose desktop breaks a policy stops the synth, and the finding names it', (t) => {
  const room = cluster('templates: [{ name: office }, { name: odd }]\n')
  t.true(compileCluster(room).ok)
  const odd = { ...template(room), name: 'odd', image: 'somewhere.test/desktop:latest' }
  const compiled = compileCluster({ ...room, templates: [template(room), odd] })
  t.false(compiled.ok)
  const findings = compiled.ok ? [] : compiled.findings
  t.deepEqual(
    findings.map(({ where, what }) => `${where}: ${what}`),
    [
      'desktops: DaemonSet deskfleet-system/image-puller containers[1].image (desktops/DaemonSet.deskfleet-system.image-puller): its image is somewhere.test/desktop:latest',
      'desktops: Deployment desktops/desktop-sample-odd containers[0].image (template odd): its image is somewhere.test/desktop:latest',
    ],
  )
})

test('a desktop says what it may fill of its PC: its disk, and each place in memory', (t) => {
  const pod = made().deployment.spec?.template.spec
  const resources = pod?.containers[0]?.resources
  t.is(resources?.limits?.['ephemeral-storage'], SCRATCH.limit)
  t.is(resources?.requests?.['ephemeral-storage'], SCRATCH.request)
  const scratch = (pod?.volumes ?? []).flatMap(({ emptyDir }) => (emptyDir ? [emptyDir] : []))
  t.true(scratch.length > 0)
  t.true(scratch.every(({ sizeLimit }) => sizeLimit !== undefined))
})

test('the kubelet’s file of last words is where no program of a desktop reaches it', (t) => {
  const [container] = made().deployment.spec?.template.spec?.containers ?? []
  t.is(container?.terminationMessagePath, '/root/termination-log')
  t.is(container?.terminationMessagePolicy, 'FallbackToLogsOnError')
})

test('a name with a dot is looked up as it is, before Services of that name', (t) => {
  t.deepEqual(made().deployment.spec?.template.spec?.dnsConfig, { options: [{ name: 'ndots', value: '1' }] })
})

test('dist/ holds no object of a desktop', (t) => {
  const compiled = compileCluster(cluster())
  if (!compiled.ok) return t.fail()
  t.deepEqual(
    [...compiled.value.files.keys()].filter((path) => path.includes('sample')),
    [],
  )
})
