import { globSync, readFileSync } from 'node:fs'
import test from 'ava'
import { compile } from '../../charts/kit/compile.ts'
import { KINDS } from '../../charts/kit/kinds.ts'
import { add } from '../../charts/kit/objects.ts'
import { KEPT } from '../../charts/kit/policies/contents.ts'
import { type Program, program } from '../../charts/kit/program.ts'
import { podTemplate } from '../../charts/kit/rendered.ts'
import type { Workload } from '../../charts/kit/workload.ts'

const registry = 'registry.test:5000'

const base: Program = {
  name: 'p',
  namespace: 'a',
  workload: { kind: 'Deployment', replicas: 2 },
  priorityClass: 'system-cluster-critical',
  containers: [
    {
      image: `${registry}/x:1.2.3`,
      command: ['x'],
      resources: { cpu: '1m', memory: '1Mi', memoryLimit: '1Mi' },
    },
  ],
}

/** The program in a namespace of that level, judged by every policy. */
function made(more: Partial<Program>, level = 'restricted') {
  const namespace = { name: 'a', labels: { 'pod-security.kubernetes.io/enforce': level }, annotations: KEPT }
  const app = {
    name: 'app',
    build: (scope: Parameters<typeof program>[0]) => {
      add(scope, 'v1/Namespace', namespace, {})
      program(scope, { ...base, ...more })
    },
  }
  const compiled = compile([app], { registry, madeInCluster: new Set(), services: new Map(), routes: [] })
  const objects = compiled.ok ? compiled.value.rendered.map(({ object }) => object) : []
  return {
    findings: compiled.ok ? [] : compiled.findings.map(({ where, what }) => `${where}: ${what}`),
    object: (kind: string) => objects.find((object) => object.kind === kind),
  }
}

const WORKLOADS: readonly Workload[] = [
  { kind: 'Deployment', replicas: 2 },
  { kind: 'DaemonSet', update: { maxUnavailable: 1 } },
  { kind: 'StatefulSet', replicas: 1, names: 'p' },
  { kind: 'Job' },
  { kind: 'CronJob', schedule: '* * * * *', overlap: 'Forbid', deadline: 30 },
]

test('one of several equal pods leaves a dead PC later than the only one: what people wait for starts first', (t) => {
  const silent = (replicas: number) => {
    const found = made({ workload: { kind: 'Deployment', replicas } }).object('Deployment')
    const tolerations = (found && podTemplate(found)?.spec?.tolerations) ?? []
    return tolerations.find(({ key }) => key === 'node.kubernetes.io/unreachable')?.tolerationSeconds
  }
  t.is(silent(1), 0)
  t.is(silent(2), 30)
})

for (const workload of WORKLOADS) {
  test(`a ${workload.kind} keeps every policy, and its pods are allowed under restricted`, (t) => {
    const services = workload.kind === 'StatefulSet' ? [{ name: 'p', port: 'x', as: 1, headless: true }] : []
    const { findings, object } = made({ workload, services })
    t.deepEqual(findings, [])
    const found = object(workload.kind)
    const spec = found && podTemplate(found)?.spec
    t.is(spec?.securityContext?.runAsUser, 65532)
    t.is(spec?.restartPolicy, workload.kind.endsWith('Job') ? 'Never' : undefined)
    t.is(spec?.topologySpreadConstraints === undefined, workload.kind === 'DaemonSet')
    t.deepEqual(
      spec?.tolerations?.[0]?.operator === 'Exists' && !spec.tolerations[0].key,
      workload.kind === 'DaemonSet',
    )
  })
}

test('a root container has the capabilities that it names, and a restricted namespace refuses it', (t) => {
  const [container] = base.containers
  const root = { containers: [{ ...container, root: ['NET_ADMIN'] }] } as const
  t.not(made(root).findings.length, 0)
  const { findings, object } = made(root, 'privileged')
  t.deepEqual(findings, [])
  const deployment = object('Deployment')
  const spec = deployment && podTemplate(deployment)?.spec
  t.is(spec?.securityContext?.runAsUser, 0)
  t.deepEqual(spec?.containers[0]?.securityContext?.capabilities, { drop: ['ALL'], add: ['NET_ADMIN'] })
})

test('containers of one pod are root together or not at all', (t) => {
  const [container] = base.containers
  const containers = [container, { ...container, name: 'other', root: 'privileged' }] as const
  t.throws(() => made({ containers }), { message: /either all of its containers are root or none/ })
})

test('a program of the PC shares its network, stays through every taint, and runs where the labels say', (t) => {
  const { object } = made(
    {
      workload: { kind: 'DaemonSet', update: { maxUnavailable: 1 } },
      node: { network: true, labels: { 'test/gpu': 'true' } },
    },
    'privileged',
  )
  const found = object('DaemonSet')
  const spec = found && podTemplate(found)?.spec
  t.like(spec, {
    hostNetwork: true,
    dnsPolicy: 'ClusterFirstWithHostNet',
    nodeSelector: { 'test/gpu': 'true' },
    tolerations: [{ operator: 'Exists' }],
  })
})

test('volumes that containers share are declared once; claims become disks of a StatefulSet', (t) => {
  const [container] = base.containers
  const run = {
    name: 'run',
    mountPath: '/run',
    writable: true,
    emptyDir: {},
    propagation: 'Bidirectional',
  } as const
  const data = { name: 'data', mountPath: '/data', writable: true, claim: '2Gi' } as const
  const containers = [
    { ...container, volumes: [run, data], fieldEnv: { NODE_NAME: 'spec.nodeName' } },
    { ...container, name: 'other', volumes: [run] },
  ] as const
  const workload = { kind: 'StatefulSet', replicas: 1, names: 'p' } as const
  const { object } = made({ workload, containers, services: [{ name: 'p', port: 'x', as: 1 }] })
  const found = object('StatefulSet')
  const spec = found && podTemplate(found)?.spec
  t.deepEqual(spec?.volumes, [{ name: 'run', emptyDir: {} }])
  t.deepEqual(spec?.containers[0]?.volumeMounts, [
    { name: 'run', mountPath: '/run', mountPropagation: 'Bidirectional' },
    { name: 'data', mountPath: '/data' },
  ])
  t.deepEqual(spec?.containers[0]?.env, [
    { name: 'NODE_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } } },
  ])
  t.like(found?.spec, { volumeClaimTemplates: [{ metadata: { name: 'data' } }] })
})

test('servers of one thing are never two on a PC, and no more than one is drained; who leads a Service says so', (t) => {
  const workload = { kind: 'StatefulSet', replicas: 3, names: 'p' } as const
  const { findings, object } = made({
    workload,
    apart: true,
    services: [{ name: 'w', port: 'x', as: 1, leadsTo: 'written' }],
  })
  t.deepEqual(findings, [])
  const found = object('StatefulSet')
  const spec = found && podTemplate(found)?.spec
  const [term] = spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  t.like(term, { topologyKey: 'kubernetes.io/hostname' })
  t.is(spec?.topologySpreadConstraints, undefined)
  t.like(object('PodDisruptionBudget')?.spec, { maxUnavailable: 1 })
  t.deepEqual(Object.keys(object('Service')?.spec ?? {}).sort(), ['ports', 'type'])
})

test('an address may have several ports, be known beforehand, and lead each caller to one pod', (t) => {
  const service = { name: 'p', port: 'x', as: 1, others: [{ port: 'y', as: 2 }], address: '10.96.0.40' }
  const { findings, object } = made({ services: [{ ...service, keepsCallers: true }] })
  t.deepEqual(findings, [])
  t.deepEqual(object('Service')?.spec, {
    ...{ type: 'ClusterIP', clusterIP: '10.96.0.40', sessionAffinity: 'ClientIP' },
    selector: { 'app.kubernetes.io/name': 'p', 'app.kubernetes.io/part-of': 'deskfleet' },
    ports: [
      { name: 'x', port: 1, targetPort: 'x', protocol: 'TCP' },
      { name: 'y', port: 2, targetPort: 'y', protocol: 'TCP' },
    ],
  })
})

test('another template of a Job is another Job; the same is the same', (t) => {
  const name = (grace: number) => made({ workload: { kind: 'Job' }, grace }).object('Job')?.metadata.name
  t.is(name(1), name(1))
  t.not(name(1), name(2))
})

test('traffic: a token opens the way to names and the API server, a port `metrics` is read in the namespace', (t) => {
  const [container] = base.containers
  const silent = made({ token: false })
  t.is(silent.object('NetworkPolicy'), undefined)
  const { object } = made({ containers: [{ ...container, ports: { metrics: 9090 } }] })
  const { spec } = object('NetworkPolicy') as unknown as {
    spec: { ingress: { ports: { port: number }[] }[]; egress: { ports: { port: number }[] }[] }
  }
  const ports = (rules: { ports: { port: number }[] }[]) =>
    rules.flatMap((rule) => rule.ports.map(({ port }) => port))
  t.deepEqual(ports(spec.ingress), [9090])
  t.deepEqual(ports(spec.egress), [53, 53, 443, 6443])
})

test('no chart writes a workload by hand', (t) => {
  const workloads = Object.entries(KINDS).flatMap(([kind, facts]) => ('pods' in facts ? kind : []))
  t.is(workloads.length, 5)
  const root = new URL('../../', import.meta.url)
  const charts = globSync('charts/**/*.ts', { cwd: root }).filter((path) => !path.startsWith('charts/kit/'))
  t.true(charts.length > 10)
  const writers = charts.filter((path) => {
    const text = readFileSync(new URL(path, root), 'utf8')
    return workloads.some((kind) => text.includes(`'${kind}'`))
  })
  t.deepEqual(writers, [])
})
