import test from 'ava'
import { caBundles, images, resources, retention, secrets } from '../../charts/kit/policies/contents.ts'
import { podSecurity } from '../../charts/kit/policies/pod-security.ts'
import type { Policy } from '../../charts/kit/policies/policy.ts'
import { references } from '../../charts/kit/policies/references.ts'
import { fields, names } from '../../charts/kit/policies/shape.ts'
import type { KubeObject, Rendered } from '../../charts/kit/rendered.ts'

const context = {
  registry: 'registry.test:5000',
  madeInCluster: new Set(['Secret a/made']),
  services: new Map<string, string>(),
  routes: [],
}

const judge = (policy: Policy, ...objects: KubeObject[]): string[] =>
  policy(
    objects.map((object, index): Rendered => ({ app: 'app', origin: `app/${index}`, object })),
    context,
  ).map(({ where, what }) => `${where.replace(/ \(.*\)$/, '')}: ${what}`)

const namespace = (level: string | undefined, kept = true): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: 'a',
    labels: level === undefined ? {} : { 'pod-security.kubernetes.io/enforce': level },
    annotations: kept
      ? {
          'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
          'argocd.argoproj.io/compare-options': 'IgnoreExtraneous',
          'kustomize.toolkit.fluxcd.io/prune': 'disabled',
        }
      : {},
  },
})

const allowed = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'c',
      image: 'registry.test:5000/x:1.2.3',
      imagePullPolicy: 'IfNotPresent',
      resources: { requests: { cpu: '1m', memory: '1Mi' }, limits: { memory: '1Mi' } },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
}

const deployment = (spec: object = allowed, more: object = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', namespace: 'a' },
  spec: {
    selector: { matchLabels: { app: 'd' } },
    template: { metadata: { labels: { app: 'd' } }, spec },
    ...more,
  },
})

const container = (more: object) => ({ ...allowed, containers: [{ ...allowed.containers[0], ...more }] })

const object = (
  apiVersion: string,
  kind: string,
  name: string,
  more: object = {},
  where = 'a',
): KubeObject => ({
  apiVersion,
  kind,
  metadata: where === '' ? { name } : { name, namespace: where },
  ...more,
})

const service = (selector: object) => object('v1', 'Service', 's', { spec: { selector } })

/** Each rule with objects that break it, and similar ones that do not. */
const RULES: Readonly<
  Record<string, { policy: Policy; bad: KubeObject[]; says: string; good: KubeObject[] }>
> = {
  'an unknown kind': {
    policy: names,
    bad: [object('v2', 'Thing', 'x')],
    says: 'Thing a/x: v2/Thing is no known kind',
    good: [object('v1', 'ConfigMap', 'x')],
  },
  'a namespace on what belongs to none': {
    policy: names,
    bad: [object('rbac.authorization.k8s.io/v1', 'ClusterRole', 'x', { rules: [] })],
    says: 'metadata.namespace: it has the namespace a',
    good: [object('rbac.authorization.k8s.io/v1', 'ClusterRole', 'x', { rules: [] }, '')],
  },
  'no namespace where one belongs': {
    policy: names,
    bad: [object('v1', 'ConfigMap', 'x', {}, '')],
    says: 'metadata.namespace: it has no namespace',
    good: [object('v1', 'ConfigMap', 'x')],
  },
  'one object made twice': {
    policy: names,
    bad: [object('v1', 'ConfigMap', 'x'), object('v1', 'ConfigMap', 'x')],
    says: 'ConfigMap a/x: it is also made at app/0',
    good: [object('v1', 'ConfigMap', 'x'), object('v1', 'ConfigMap', 'x', {}, 'b')],
  },
  'a field that Kubernetes does not know': {
    policy: fields,
    bad: [deployment({ ...allowed, hostPid: true })],
    says: 'spec.template.spec.hostPid: Kubernetes knows no such field',
    good: [deployment({ ...allowed, hostPID: true })],
  },
  'a field in the wrong place': {
    policy: fields,
    bad: [deployment(container({ runAsUser: 1 }))],
    says: 'spec.template.spec.containers[0].runAsUser: Kubernetes knows no such field',
    good: [deployment(container({ securityContext: { runAsUser: 1 } }))],
  },
  'a text where a number belongs': {
    policy: fields,
    bad: [deployment(allowed, { replicas: '2' })],
    says: 'spec.replicas: Kubernetes knows no such field',
    good: [deployment(allowed, { replicas: 2 })],
  },
  'a namespace without a level': {
    policy: podSecurity,
    bad: [namespace(undefined)],
    says: 'metadata.labels: it declares no PodSecurity level',
    good: [namespace('restricted')],
  },
  'a privileged container in a restricted namespace': {
    policy: podSecurity,
    bad: [
      namespace('restricted'),
      deployment(
        container({ securityContext: { ...allowed.containers[0]?.securityContext, privileged: true } }),
      ),
    ],
    says: 'containers[0].securityContext.privileged: it is privileged',
    good: [
      namespace('privileged'),
      deployment(
        container({ securityContext: { ...allowed.containers[0]?.securityContext, privileged: true } }),
      ),
    ],
  },
  'the host network below privileged': {
    policy: podSecurity,
    bad: [namespace('baseline'), deployment({ ...allowed, hostNetwork: true })],
    says: 'hostNetwork: it shares a namespace of the host',
    good: [namespace('baseline'), deployment({ containers: [{ name: 'c' }] })],
  },
  'capabilities that are not dropped': {
    policy: podSecurity,
    bad: [
      namespace('restricted'),
      deployment(container({ securityContext: { allowPrivilegeEscalation: false } })),
    ],
    says: 'containers[0].securityContext.capabilities.drop: it keeps capabilities',
    good: [namespace('restricted'), deployment()],
  },
  'a path of the host': {
    policy: podSecurity,
    bad: [
      namespace('restricted'),
      deployment({ ...allowed, volumes: [{ name: 'v', hostPath: { path: '/' } }] }),
    ],
    says: 'volumes[0].hostPath: it mounts a path of the host',
    good: [namespace('restricted'), deployment({ ...allowed, volumes: [{ name: 'v', emptyDir: {} }] })],
  },
  'an init container that may gain privileges': {
    policy: podSecurity,
    bad: [namespace('restricted'), deployment({ ...allowed, initContainers: [{ name: 'i' }] })],
    says: 'initContainers[0].securityContext.allowPrivilegeEscalation: it may gain privileges',
    good: [namespace('restricted'), deployment({ ...allowed, initContainers: allowed.containers })],
  },
  'a Service that selects no workload': {
    policy: references,
    bad: [namespace('restricted'), deployment(), service({ app: 'other' })],
    says: 'spec.selector: it selects no workload',
    good: [namespace('restricted'), deployment(), service({ app: 'd' })],
  },
  'a Service that selects two workloads': {
    policy: references,
    bad: [
      namespace('restricted'),
      deployment(),
      { ...deployment(), kind: 'DaemonSet', metadata: { name: 'e', namespace: 'a' } },
      service({ app: 'd' }),
    ],
    says: 'spec.selector: it selects Deployment a/d and DaemonSet a/e',
    good: [namespace('restricted'), deployment(), service({ app: 'd' })],
  },
  'a ServiceAccount that does not exist': {
    policy: references,
    bad: [namespace('restricted'), deployment({ ...allowed, serviceAccountName: 'x' })],
    says: 'serviceAccountName: it names ServiceAccount a/x, which is nowhere',
    good: [
      namespace('restricted'),
      deployment({ ...allowed, serviceAccountName: 'x' }),
      object('v1', 'ServiceAccount', 'x'),
    ],
  },
  'a Secret that nobody makes': {
    policy: references,
    bad: [
      namespace('restricted'),
      deployment({ ...allowed, volumes: [{ name: 'v', secret: { secretName: 'x' } }] }),
    ],
    says: 'volumes[0]: it names Secret a/x, which is nowhere',
    good: [
      namespace('restricted'),
      deployment({ ...allowed, volumes: [{ name: 'v', secret: { secretName: 'made' } }] }),
    ],
  },
  'a role that does not exist': {
    policy: references,
    bad: [
      namespace('restricted'),
      object('rbac.authorization.k8s.io/v1', 'RoleBinding', 'b', { roleRef: { kind: 'Role', name: 'r' } }),
    ],
    says: 'roleRef: it names Role a/r, which is nowhere',
    good: [
      namespace('restricted'),
      object('rbac.authorization.k8s.io/v1', 'Role', 'r'),
      object('rbac.authorization.k8s.io/v1', 'RoleBinding', 'b', { roleRef: { kind: 'Role', name: 'r' } }),
    ],
  },
  'a namespace that nobody makes': {
    policy: references,
    bad: [object('v1', 'ConfigMap', 'x')],
    says: 'metadata.namespace: it names Namespace a, which is nowhere',
    good: [namespace('restricted'), object('v1', 'ConfigMap', 'x')],
  },
  'a selector that does not select its own pods': {
    policy: references,
    bad: [namespace('restricted'), deployment(allowed, { selector: { matchLabels: { app: 'x' } } })],
    says: 'spec.selector: it selects nothing',
    good: [namespace('restricted'), deployment()],
  },
  'a Secret in dist/': {
    policy: secrets,
    bad: [object('v1', 'Secret', 'x')],
    says: 'Secret a/x: it is a Secret',
    good: [object('v1', 'ConfigMap', 'x', { data: { a: 'b' } })],
  },
  'a password in a text': {
    policy: secrets,
    bad: [object('v1', 'ConfigMap', 'x', { data: { ldif: 'dn: cn=config\nolcRootPW: secret\n' } })],
    says: 'data.ldif: it holds what looks like a password or a private key',
    good: [object('v1', 'ConfigMap', 'x', { data: { ldif: 'dn: cn=config\nolcRootDN: cn=admin\n' } })],
  },
  'a private key in a text': {
    policy: secrets,
    bad: [object('v1', 'ConfigMap', 'x', { data: { key: '-----BEGIN EC PRIVATE KEY-----' } })],
    says: 'data.key: it holds what looks like a password or a private key',
    good: [object('v1', 'ConfigMap', 'x', { data: { key: '-----BEGIN CERTIFICATE-----' } })],
  },
  'a rendered caBundle': {
    policy: caBundles,
    bad: [object('v1', 'ConfigMap', 'x', { webhooks: [{ clientConfig: { caBundle: 'x' } }] })],
    says: 'webhooks[0].clientConfig.caBundle: it renders a caBundle',
    good: [object('v1', 'ConfigMap', 'x', { webhooks: [{ clientConfig: {} }] })],
  },
  'an image of a tag that is not ours': {
    policy: images,
    bad: [deployment(container({ image: 'docker.io/x:1.2.3' }))],
    says: 'containers[0].image: its image is docker.io/x:1.2.3',
    good: [deployment(container({ image: `docker.io/x@sha256:${'0'.repeat(64)}` }))],
  },
  'our image by a tag that moves': {
    policy: images,
    bad: [deployment(container({ image: 'registry.test:5000/x:latest' }))],
    says: 'containers[0].image: its image is registry.test:5000/x:latest',
    good: [deployment()],
  },
  'an image pulled each time': {
    policy: images,
    bad: [deployment(container({ imagePullPolicy: 'Always' }))],
    says: 'containers[0].imagePullPolicy: it is Always',
    good: [deployment()],
  },
  'a container that does not say what it needs': {
    policy: resources,
    bad: [deployment(container({ resources: { requests: { cpu: '1' } } }))],
    says: 'containers[0].resources: it does not say what it needs',
    good: [deployment()],
  },
  'data that Argo CD would prune': {
    policy: retention,
    bad: [namespace('restricted', false)],
    says: 'metadata.annotations: it lacks argocd.argoproj.io/sync-options: Prune=false',
    good: [namespace('restricted')],
  },
  'a volume that goes with its claim': {
    policy: retention,
    bad: [
      {
        ...object('v1', 'PersistentVolume', 'x', { spec: { persistentVolumeReclaimPolicy: 'Delete' } }, ''),
        metadata: { name: 'x', annotations: namespace('x').metadata.annotations ?? {} },
      },
    ],
    says: 'spec.persistentVolumeReclaimPolicy: the volume goes when its claim goes',
    good: [
      {
        ...object('v1', 'PersistentVolume', 'x', { spec: { persistentVolumeReclaimPolicy: 'Retain' } }, ''),
        metadata: { name: 'x', annotations: namespace('x').metadata.annotations ?? {} },
      },
    ],
  },
}

for (const [name, { policy, bad, says, good }] of Object.entries(RULES)) {
  test(`${name} is refused, and the same without the fault is not`, (t) => {
    const said = judge(policy, ...bad)
    t.true(
      said.some((line) => line.endsWith(says)),
      `${said.join('\n')}\n should say: ${says}`,
    )
    t.deepEqual(judge(policy, ...good), [])
  })
}
