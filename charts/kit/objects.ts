import type {
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1CustomResourceDefinition,
  V1DaemonSet,
  V1Deployment,
  V1Job,
  V1LimitRange,
  V1MutatingWebhookConfiguration,
  V1Namespace,
  V1NetworkPolicy,
  V1PodDisruptionBudget,
  V1PriorityClass,
  V1ResourceQuota,
  V1Role,
  V1RoleBinding,
  V1Service,
  V1ServiceAccount,
  V1StatefulSet,
  V1ValidatingAdmissionPolicy,
  V1ValidatingAdmissionPolicyBinding,
} from '@kubernetes/client-node'
import { ApiObject } from 'cdk8s'
import type { Construct } from 'constructs'

/** The kinds that charts write out whole, each by its `apiVersion/Kind`, with the type of its fields. */
interface Typed {
  'v1/Namespace': V1Namespace
  'v1/Service': V1Service
  'v1/ServiceAccount': V1ServiceAccount
  'v1/LimitRange': V1LimitRange
  'v1/ResourceQuota': V1ResourceQuota
  'apps/v1/Deployment': V1Deployment
  'apps/v1/DaemonSet': V1DaemonSet
  'apps/v1/StatefulSet': V1StatefulSet
  'batch/v1/Job': V1Job
  'policy/v1/PodDisruptionBudget': V1PodDisruptionBudget
  'networking.k8s.io/v1/NetworkPolicy': V1NetworkPolicy
  'rbac.authorization.k8s.io/v1/Role': V1Role
  'rbac.authorization.k8s.io/v1/RoleBinding': V1RoleBinding
  'rbac.authorization.k8s.io/v1/ClusterRole': V1ClusterRole
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': V1ClusterRoleBinding
  'scheduling.k8s.io/v1/PriorityClass': V1PriorityClass
  'apiextensions.k8s.io/v1/CustomResourceDefinition': V1CustomResourceDefinition
  'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration': V1MutatingWebhookConfiguration
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy': V1ValidatingAdmissionPolicy
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding': V1ValidatingAdmissionPolicyBinding
  'argoproj.io/v1alpha1/AppProject': Custom
  'argoproj.io/v1alpha1/Application': Custom
  'kustomize.toolkit.fluxcd.io/v1/Kustomization': Custom
  'source.toolkit.fluxcd.io/v1/GitRepository': Custom
}

interface Custom {
  readonly spec: Readonly<Record<string, unknown>>
}

/** Who an object is. Names are explicit, always: a hash of the construct tree would rename on every move. */
export interface Metadata {
  readonly name: string
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  /** Who must finish before it goes. @default nobody */
  readonly finalizers?: readonly string[]
}

/** Adds one object to a chart, typed by its kind and rendered field for field as written. */
export function add<K extends keyof Typed>(
  scope: Construct,
  kind: K,
  metadata: Metadata,
  fields: Omit<Typed[K], 'apiVersion' | 'kind' | 'metadata' | 'status'>,
): void {
  const at = kind.lastIndexOf('/')
  const { name, namespace, labels = {}, annotations = {}, finalizers = [] } = metadata
  new ApiObject(scope, [kind.slice(at + 1), namespace, name].filter((part) => part !== undefined).join('.'), {
    apiVersion: kind.slice(0, at),
    kind: kind.slice(at + 1),
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...labels },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations: { ...annotations } }),
      ...(finalizers.length === 0 ? {} : { finalizers: [...finalizers] }),
    },
    ...fields,
  })
}
