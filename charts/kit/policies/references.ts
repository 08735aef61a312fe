import type { V1Container, V1PodSpec } from '@kubernetes/client-node'
import { CLUSTER_AUTHORITY, KUBERNETES_NAMESPACES } from '../../../config/names.ts'
import { containersOf, displayName, type KubeObject, podTemplate, type Rendered } from '../rendered.ts'
import { about, type Policy } from './policy.ts'

/** Whatever an object names is there: in `dist/`, or an app says that its programs make it in the cluster. */
export const references: Policy = (rendered, { madeInCluster }) => {
  const known = new Set([...rendered.map(({ object }) => displayName(object)), ...madeInCluster])
  const params = paramKinds(rendered)
  return rendered.flatMap((item) => [
    ...wanted(item.object, params)
      .filter(({ target }) => !known.has(target))
      .map(({ field, target }) =>
        about(item, field, {
          what: `it names ${target}, which is nowhere`,
          rule: 'what an object names is in dist/ or is made in the cluster',
          mend: 'correct the name, render the object, or name it in `makes` of the app whose program makes it',
        }),
      ),
    ...selection(item, rendered),
  ])
}

interface Reference {
  readonly field: string
  /** As `displayName` gives it. */
  readonly target: string
}

function wanted(object: KubeObject, params: ReadonlyMap<string, string>): Reference[] {
  const template = podTemplate(object)
  const namespace = object.metadata.namespace ?? ''
  return [
    ...(template === undefined ? [] : podReferences(template.spec, namespace)),
    ...roleReferences(object),
    ...webhookReferences(object),
    ...bindingReferences(object, params),
    ...(namespace === '' ? [] : namespaceReference(namespace)),
  ]
}

/** Namespaces of Kubernetes and of the delivery tools are theirs, made by their installers. */
const FOREIGN_NAMESPACES = new Set(['argocd', 'flux-system', ...KUBERNETES_NAMESPACES])

const namespaceReference = (namespace: string): Reference[] =>
  FOREIGN_NAMESPACES.has(namespace) ? [] : [{ field: 'metadata.namespace', target: `Namespace ${namespace}` }]

function podReferences(spec: V1PodSpec, namespace: string): Reference[] {
  const at = (field: string, kind: string, name: string | undefined): Reference[] =>
    name === undefined || (kind === 'ConfigMap' && name === CLUSTER_AUTHORITY)
      ? []
      : [{ field, target: `${kind} ${namespace}/${name}` }]
  return [
    ...at('serviceAccountName', 'ServiceAccount', spec.serviceAccountName),
    ...(spec.priorityClassName === undefined || spec.priorityClassName.startsWith('system-')
      ? []
      : [{ field: 'priorityClassName', target: `PriorityClass ${spec.priorityClassName}` }]),
    ...(spec.volumes ?? []).flatMap((volume, index) => {
      const field = `volumes[${index}]`
      return [
        ...at(field, 'ConfigMap', volume.configMap?.optional === true ? undefined : volume.configMap?.name),
        ...at(field, 'Secret', volume.secret?.optional === true ? undefined : volume.secret?.secretName),
        ...at(field, 'PersistentVolumeClaim', volume.persistentVolumeClaim?.claimName),
      ]
    }),
    ...containersOf(spec).flatMap(({ path, container }) =>
      environment(container).flatMap(({ field, kind, name }) => at(`${path}.${field}`, kind, name)),
    ),
  ]
}

function environment(container: V1Container) {
  return [
    ...(container.env ?? []).flatMap(({ valueFrom }, index) => [
      { field: `env[${index}]`, kind: 'ConfigMap', name: valueFrom?.configMapKeyRef?.name },
      { field: `env[${index}]`, kind: 'Secret', name: valueFrom?.secretKeyRef?.name },
    ]),
    ...(container.envFrom ?? []).flatMap(({ configMapRef, secretRef }, index) => [
      { field: `envFrom[${index}]`, kind: 'ConfigMap', name: configMapRef?.name },
      { field: `envFrom[${index}]`, kind: 'Secret', name: secretRef?.name },
    ]),
  ]
}

interface RoleBinding {
  readonly roleRef?: { readonly kind: string; readonly name: string }
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[]
}

function roleReferences(object: KubeObject): Reference[] {
  if (object.kind !== 'RoleBinding' && object.kind !== 'ClusterRoleBinding') return []
  const { roleRef, subjects = [] } = object as KubeObject & RoleBinding
  const role =
    roleRef === undefined
      ? []
      : roleRef.kind === 'Role'
        ? [{ field: 'roleRef', target: `Role ${object.metadata.namespace}/${roleRef.name}` }]
        : [{ field: 'roleRef', target: `ClusterRole ${roleRef.name}` }]
  return [
    ...role,
    ...subjects.flatMap(({ kind, name, namespace = '' }, index) =>
      kind === 'ServiceAccount' && !FOREIGN_NAMESPACES.has(namespace)
        ? [{ field: `subjects[${index}]`, target: `ServiceAccount ${namespace}/${name}` }]
        : [],
    ),
  ]
}

interface WebhookConfiguration {
  readonly webhooks?: readonly {
    readonly clientConfig?: { readonly service?: { readonly namespace: string; readonly name: string } }
  }[]
}

function webhookReferences(object: KubeObject): Reference[] {
  if (object.kind !== 'MutatingWebhookConfiguration') return []
  return ((object as KubeObject & WebhookConfiguration).webhooks ?? []).flatMap(({ clientConfig }, index) => {
    const service = clientConfig?.service
    const field = `webhooks[${index}].clientConfig.service`
    return service === undefined ? [] : [{ field, target: `Service ${service.namespace}/${service.name}` }]
  })
}

interface PolicyBinding {
  readonly spec?: {
    readonly policyName?: string
    readonly paramRef?: { readonly name?: string; readonly namespace?: string }
  }
}

interface JudgingPolicy {
  readonly spec?: { readonly paramKind?: { readonly kind: string } }
}

/** By the name of a policy: the kind of what it reads. */
const paramKinds = (rendered: readonly Rendered[]): ReadonlyMap<string, string> =>
  new Map(
    rendered.flatMap(({ object }) => {
      const kind = (object as KubeObject & JudgingPolicy).spec?.paramKind?.kind
      return object.kind === 'ValidatingAdmissionPolicy' && kind !== undefined
        ? [[object.metadata.name, kind]]
        : []
    }),
  )

function bindingReferences(object: KubeObject, params: ReadonlyMap<string, string>): Reference[] {
  if (object.kind !== 'ValidatingAdmissionPolicyBinding') return []
  const { spec } = object as KubeObject & PolicyBinding
  const { policyName = '', paramRef } = spec ?? {}
  const kind = params.get(policyName) ?? 'ConfigMap'
  return [
    { field: 'spec.policyName', target: `ValidatingAdmissionPolicy ${policyName}` },
    ...(paramRef?.name === undefined
      ? []
      : [{ field: 'spec.paramRef', target: `${kind} ${paramRef.namespace}/${paramRef.name}` }]),
  ]
}

interface Selecting {
  readonly spec?: {
    readonly selector?: Readonly<Record<string, unknown>> & {
      readonly matchLabels?: Readonly<Record<string, string>>
    }
    readonly clusterIP?: string
  }
}

/** A Service selects exactly one workload; a workload's selector selects its own pods. */
function selection(item: Rendered, rendered: readonly Rendered[]) {
  const { object } = item
  const { spec } = object as KubeObject & Selecting
  const workloads = rendered.filter(
    (other) =>
      other.object.metadata.namespace === object.metadata.namespace &&
      podTemplate(other.object) !== undefined,
  )
  const chosen = (labels: Readonly<Record<string, unknown>>) =>
    workloads.filter((other) =>
      Object.entries(labels).every(([key, value]) => podTemplate(other.object)?.labels[key] === value),
    )
  if (object.kind === 'Service' && spec?.selector !== undefined) {
    const found = chosen(spec.selector).map((other) => displayName(other.object))
    if (found.length === 1) return []
    return [
      about(item, 'spec.selector', {
        what: found.length === 0 ? 'it selects no workload' : `it selects ${found.join(' and ')}`,
        rule: 'a Service leads to exactly one workload',
        mend: "make its selector the labels of that workload's pods",
      }),
    ]
  }
  const labels = spec?.selector?.matchLabels
  if (labels === undefined || podTemplate(object) === undefined) return []
  const found = chosen(labels).map((other) => displayName(other.object))
  if (found.length === 1 && found[0] === displayName(object)) return []
  return [
    about(item, 'spec.selector', {
      what: `it selects ${found.length === 0 ? 'nothing' : found.join(' and ')}`,
      rule: "a workload's selector chooses its own pods and no others",
      mend: 'make the selector and the labels of the template agree',
    }),
  ]
}
