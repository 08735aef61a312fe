import test from 'ava'
import { parse, stringify } from 'yaml'
import { plan, planText } from '../../charts/kit/plan.ts'

const files = (...objects: object[]) =>
  new Map(objects.map((object, index): [string, string] => [`app/${index}.yaml`, stringify(object)]))

const deployment = (more: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', namespace: 'a' },
  spec: { replicas: 1, selector: { matchLabels: { app: 'd' } }, ...more },
})

const only = (before: Map<string, string>, after: Map<string, string>) => {
  const changes = plan(before, after)
  if (changes.length !== 1) throw new Error(`one change was expected: ${JSON.stringify(changes)}`)
  return changes[0] ?? { what: '', fields: [], dangers: [] }
}

test('what does not change is not in the plan', (t) => {
  t.deepEqual(plan(files(deployment({})), files(deployment({}))), [])
  t.is(planText([]), 'dist/ is current: nothing changes.\n')
})

test('a change names its fields, and is not marked as a danger by itself', (t) => {
  const change = only(files(deployment({})), files(deployment({ replicas: 2 })))
  t.deepEqual([change.what, change.fields, change.dangers], ['change', ['spec.replicas'], []])
})

test('an immutable selector is a danger', (t) => {
  const change = only(files(deployment({})), files(deployment({ selector: { matchLabels: { app: 'e' } } })))
  t.regex(change.dangers.join(), /spec\.selector can never change/)
})

test('a claim template of a StatefulSet is a danger', (t) => {
  const set = (size: string) => ({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 's', namespace: 'a' },
    spec: { volumeClaimTemplates: [{ spec: { resources: { requests: { storage: size } } } }] },
  })
  t.regex(only(files(set('1Gi')), files(set('2Gi'))).dangers.join(), /spec\.volumeClaimTemplates/)
})

test('a removed namespace, definition or guard is a danger; a removed ConfigMap is not', (t) => {
  const removed = (kind: string, apiVersion = 'v1') =>
    only(files({ apiVersion, kind, metadata: { name: 'x' } }), files()).dangers.join()
  t.regex(removed('Namespace'), /never pruned.*everything in the namespace/)
  t.regex(removed('CustomResourceDefinition', 'apiextensions.k8s.io/v1'), /every object of its kind/)
  t.regex(removed('ValidatingAdmissionPolicy', 'admissionregistration.k8s.io/v1'), /unguarded/)
  t.is(removed('ConfigMap'), '')
})

test('a field that an object calls fixed is a danger, and no other field of it', (t) => {
  const map = (baseDN: string, url: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'c',
      namespace: 'a',
      annotations: { 'deskfleet.io/fixed': 'data.baseDN: people would be lost' },
    },
    data: { baseDN, url },
  })
  t.deepEqual(only(files(map('dc=a', 'x')), files(map('dc=b', 'x'))).dangers, [
    'data.baseDN changes: people would be lost',
  ])
  t.deepEqual(only(files(map('dc=a', 'x')), files(map('dc=a', 'y'))).dangers, [])
})

test('a PodSecurity level that becomes weaker is a danger, a stricter one is not', (t) => {
  const namespace = (level: string) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'n', labels: { 'pod-security.kubernetes.io/enforce': level } },
  })
  t.regex(
    only(files(namespace('restricted')), files(namespace('privileged'))).dangers.join(),
    /falls from restricted to privileged/,
  )
  t.deepEqual(only(files(namespace('baseline')), files(namespace('restricted'))).dangers, [])
})

test('the text for people counts, and marks dangers', (t) => {
  const text = planText(
    plan(
      files(deployment({})),
      files(
        deployment({ selector: { matchLabels: { app: 'e' } } }),
        parse('{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: a}}'),
      ),
    ),
  )
  t.is(
    text,
    [
      'app',
      '  ~ Deployment a/d',
      '      spec.selector.matchLabels.app',
      '    ! spec.selector can never change: the object must be deleted and created again by hand',
      '  + ConfigMap a/c',
      '',
      '1 to add, 1 to change, 0 to remove; 1 marked ! need a second look.',
      '',
    ].join('\n'),
  )
})
