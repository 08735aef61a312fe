import type { V1PodSpec, V1PolicyRule } from '@kubernetes/client-node'
import test from 'ava'
import { parse } from 'yaml'
import { compileCluster } from '../../charts/apps.ts'
import { CONTROL_PLANE_GUARD, CROWN, NAMESPACES } from '../../config/names.ts'
import { readCluster } from '../../config/read.ts'
import { readGuard } from '../../orchestrator/guard.ts'

/** What watches over the masters, as it is delivered. */

const KEY = 'age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg'

interface Rendered {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly rules?: readonly V1PolicyRule[]
  readonly spec?: Record<string, unknown> & {
    readonly jobTemplate?: { readonly spec: { readonly template: { readonly spec: V1PodSpec } } }
  }
}

function rendered(masters: string): Rendered[] {
  const read = readCluster({ name: 'cluster.yaml', text: `domain: room.test\nmasters: ${masters}\n` })
  if (!read.ok) throw new Error(read.findings.map(({ what }) => what).join('\n'))
  const outcome = compileCluster(read.value)
  if (!outcome.ok) throw new Error(outcome.findings.map(({ what }) => what).join('\n'))
  return [...outcome.value.files.values()].map((text) => parse(text))
}
const COPIED = rendered(`{ copies: { recipients: [${KEY}] } }`)
const PLAIN = rendered('{}')

const cronJob = (all: Rendered[], name: string) =>
  all.find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === name)?.spec
const podOf = (name: string): V1PodSpec | undefined => cronJob(COPIED, name)?.jobTemplate?.spec.template.spec

test('the masters of cluster.yaml are a Guard that the orchestrator understands, and is never pruned', (t) => {
  const of = (masters: string) => {
    const found = rendered(masters).find(({ kind }) => kind === CONTROL_PLANE_GUARD.kind)
    t.is(found?.metadata.annotations?.['kustomize.toolkit.fluxcd.io/prune'], 'disabled')
    t.is(found?.metadata.namespace, undefined)
    return readGuard({ ...found, metadata: { ...found?.metadata, uid: 'u', resourceVersion: '1' } }).policy
  }
  const plain = { mode: 'Act', count: 'auto', deadAfter: 300_000, reboot: 'Always', backup: 'Preferred' }
  t.deepEqual(of('{}'), plain)
  t.deepEqual(of(`{ count: 3, mode: Suggest, deadAfter: 1h, copies: { recipients: [${KEY}] } }`) as object, {
    ...plain,
    count: 3,
    mode: 'Suggest',
    deadAfter: 3_600_000,
    backup: 'Required',
  })
})

test('a run that hangs stops no other, and is ended', (t) => {
  for (const name of [CROWN.program, CROWN.backup])
    t.like(cronJob(COPIED, name), { concurrencyPolicy: 'Allow' }, name)
  t.like(cronJob(COPIED, CROWN.program), {
    schedule: '* * * * *',
    startingDeadlineSeconds: 30,
    jobTemplate: { spec: { activeDeadlineSeconds: 110, backoffLimit: 0 } },
  })
  t.like(cronJob(COPIED, CROWN.backup), {
    schedule: '7,37 * * * *',
    jobTemplate: { spec: { activeDeadlineSeconds: 900 } },
  })
})

for (const name of [CROWN.program, CROWN.backup]) {
  test(`${name} hangs on no name, no pod network and no PC that is silent`, (t) => {
    const pod = podOf(name)
    t.like(pod, { hostNetwork: true, dnsPolicy: 'Default', restartPolicy: 'Never', hostPID: undefined })
    t.deepEqual(pod?.nodeSelector, { 'node-role.kubernetes.io/control-plane': '' })
    const tolerations = pod?.tolerations ?? []
    const tolerated = (key: string, effect: string): boolean =>
      tolerations.some(
        (one) => (one.key ?? key) === key && (one.effect ?? effect) === effect && one.operator === 'Exists',
      )
    for (const key of ['node-role.kubernetes.io/control-plane', 'node.kubernetes.io/not-ready'])
      t.true(tolerated(key, 'NoSchedule'), key)
    t.true(tolerated('node.kubernetes.io/unschedulable', 'NoSchedule'))
    t.false(tolerated('node.kubernetes.io/unreachable', 'NoSchedule'))
    const [rather] = pod?.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    t.is(rather?.podAffinityTerm.topologyKey, 'kubernetes.io/hostname')
    t.is(rather?.podAffinityTerm.labelSelector?.matchLabels?.['app.kubernetes.io/name'], name)
    t.is(pod?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution, undefined)
  })

  test(`${name} is root with nothing else, and writes nothing of the PC but copies`, (t) => {
    const pod = podOf(name)
    t.like(pod?.securityContext, { runAsUser: 0, seccompProfile: { type: 'RuntimeDefault' } })
    const [container] = pod?.containers ?? []
    t.deepEqual(container?.securityContext, {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    })
    const ofPc = (pod?.volumes ?? []).flatMap(({ name: volume, hostPath }) =>
      hostPath === undefined
        ? []
        : [
            {
              ...hostPath,
              readOnly: container?.volumeMounts?.find((mount) => mount.name === volume)?.readOnly ?? false,
            },
          ],
    )
    const key = (file: string) => ({
      path: `/etc/kubernetes/pki/etcd/${file}`,
      type: 'File',
      readOnly: true,
    })
    t.deepEqual(
      ofPc,
      name === CROWN.program
        ? [
            key('ca.crt'),
            key('healthcheck-client.crt'),
            key('healthcheck-client.key'),
            { path: '/etc/kubernetes/api-server', type: 'DirectoryOrCreate', readOnly: true },
          ]
        : [
            { path: '/etc/kubernetes', type: 'Directory', readOnly: true },
            { path: '/var/lib/deskfleet/etcd-copies', type: 'DirectoryOrCreate', readOnly: false },
          ],
    )
  })
}

test('without a key nothing copies etcd, and nothing may', (t) => {
  t.is(cronJob(PLAIN, CROWN.backup), undefined)
  t.not(cronJob(PLAIN, CROWN.program), undefined)
  const ofCopies = PLAIN.filter(({ metadata }) => metadata.name.startsWith('deskfleet-copies-'))
  t.deepEqual(ofCopies, [])
})

test('Secrets of kube-system are read by nobody: kubeadm-certs alone, by its name', (t) => {
  const rules = COPIED.filter(
    ({ kind, metadata }) => kind === 'Role' && metadata.namespace === 'kube-system',
  ).flatMap(({ rules = [] }) => rules.filter(({ resources = [] }) => resources.includes('secrets')))
  t.deepEqual(
    rules.map(({ verbs, resourceNames }) => ({ verbs, resourceNames })),
    [
      { verbs: ['get'], resourceNames: ['kubeadm-certs'] },
      { verbs: ['create', 'delete'], resourceNames: undefined },
    ],
  )
  t.true(COPIED.some(({ metadata }) => metadata.namespace === NAMESPACES.crown))
})
