import type * as client from '@kubernetes/client-node'
import { API_GROUP, API_VERSION, CONTROL_PLANE_GUARD, GLUSTER_VOLUME } from '../../config/names.ts'

/** What the generator must know of a kind; a kind that is not in the table is refused. */
export interface KindFacts {
  readonly scope: 'cluster' | 'namespace'
  /** The class of client-node that knows its fields; none for custom resources (the API server checks those). */
  readonly model?: keyof typeof client
  /** Where pod templates stand. */
  readonly pods?: readonly string[]
  /** Fields that the API server never lets change: a change there means delete and create again. */
  readonly immutable?: readonly string[]
  /** Removing it, or what it leads to, loses what people made. */
  readonly holdsData?: boolean
  /** What goes with it when it is removed. */
  readonly removal?: string
}

const TEMPLATE = ['spec', 'template'] as const

/** How a GlusterVolume is written. */
export const GLUSTER_VOLUME_KIND = `${API_GROUP}/${API_VERSION}/${GLUSTER_VOLUME.kind}` as const

/** How the ControlPlaneGuard is written. */
export const GUARD_KIND = `${API_GROUP}/${API_VERSION}/${CONTROL_PLANE_GUARD.kind}` as const

/** Every kind that `dist/` may hold, by `apiVersion/Kind`: the one table of them. */
export const KINDS = {
  'v1/Namespace': {
    scope: 'cluster',
    model: 'V1Namespace',
    holdsData: true,
    removal: 'everything in the namespace goes with it',
  },
  'v1/ConfigMap': { scope: 'namespace', model: 'V1ConfigMap' },
  'v1/Service': { scope: 'namespace', model: 'V1Service', immutable: ['spec.clusterIP'] },
  'v1/ServiceAccount': { scope: 'namespace', model: 'V1ServiceAccount' },
  'v1/LimitRange': { scope: 'namespace', model: 'V1LimitRange' },
  'v1/ResourceQuota': { scope: 'namespace', model: 'V1ResourceQuota' },
  'v1/PersistentVolume': {
    scope: 'cluster',
    model: 'V1PersistentVolume',
    holdsData: true,
    immutable: ['spec.hostPath', 'spec.csi', 'spec.local', 'spec.nfs'],
    removal: 'the claim bound to it loses its volume',
  },
  'v1/PersistentVolumeClaim': {
    scope: 'namespace',
    model: 'V1PersistentVolumeClaim',
    holdsData: true,
    immutable: ['spec.accessModes', 'spec.storageClassName', 'spec.volumeName'],
    removal: 'the volume behind it may be deleted',
  },
  'apps/v1/Deployment': {
    scope: 'namespace',
    model: 'V1Deployment',
    pods: TEMPLATE,
    immutable: ['spec.selector'],
  },
  'apps/v1/DaemonSet': {
    scope: 'namespace',
    model: 'V1DaemonSet',
    pods: TEMPLATE,
    immutable: ['spec.selector'],
  },
  'apps/v1/StatefulSet': {
    scope: 'namespace',
    model: 'V1StatefulSet',
    pods: TEMPLATE,
    holdsData: true,
    immutable: ['spec.selector', 'spec.serviceName', 'spec.volumeClaimTemplates', 'spec.podManagementPolicy'],
    removal: 'its pods stop; their volume claims stay',
  },
  'batch/v1/Job': {
    scope: 'namespace',
    model: 'V1Job',
    pods: TEMPLATE,
    immutable: ['spec.selector', 'spec.template', 'spec.completions'],
  },
  'batch/v1/CronJob': {
    scope: 'namespace',
    model: 'V1CronJob',
    pods: ['spec', 'jobTemplate', 'spec', 'template'],
  },
  'policy/v1/PodDisruptionBudget': { scope: 'namespace', model: 'V1PodDisruptionBudget' },
  'networking.k8s.io/v1/NetworkPolicy': { scope: 'namespace', model: 'V1NetworkPolicy' },
  'rbac.authorization.k8s.io/v1/Role': { scope: 'namespace', model: 'V1Role' },
  'rbac.authorization.k8s.io/v1/RoleBinding': {
    scope: 'namespace',
    model: 'V1RoleBinding',
    immutable: ['roleRef'],
  },
  'rbac.authorization.k8s.io/v1/ClusterRole': { scope: 'cluster', model: 'V1ClusterRole' },
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': {
    scope: 'cluster',
    model: 'V1ClusterRoleBinding',
    immutable: ['roleRef'],
  },
  'scheduling.k8s.io/v1/PriorityClass': {
    scope: 'cluster',
    model: 'V1PriorityClass',
    immutable: ['value', 'preemptionPolicy', 'globalDefault'],
  },
  'storage.k8s.io/v1/StorageClass': {
    scope: 'cluster',
    model: 'V1StorageClass',
    immutable: ['provisioner', 'parameters', 'reclaimPolicy', 'volumeBindingMode'],
  },
  'apiextensions.k8s.io/v1/CustomResourceDefinition': {
    scope: 'cluster',
    model: 'V1CustomResourceDefinition',
    holdsData: true,
    removal: 'every object of its kind goes with it',
  },
  'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration': {
    scope: 'cluster',
    model: 'V1MutatingWebhookConfiguration',
    removal: 'pods of people are refused until it is back, since nothing gives them their identity',
  },
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy': {
    scope: 'cluster',
    model: 'V1ValidatingAdmissionPolicy',
    removal: 'what it guards is unguarded',
  },
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding': {
    scope: 'cluster',
    model: 'V1ValidatingAdmissionPolicyBinding',
    removal: 'what it guards is unguarded',
  },
  [GLUSTER_VOLUME_KIND]: {
    scope: 'namespace',
    holdsData: true,
    removal: 'its agents forget who is shut out, and whose brick is whose; the files stay on the disks',
  },
  [GUARD_KIND]: {
    scope: 'cluster',
    holdsData: true,
    removal: 'the orchestrator forgets what it has begun: a PC may stay half a master',
  },
  'cert-manager.io/v1/Certificate': {
    scope: 'namespace',
    removal: 'what it asked for stays and is made anew no more',
  },
  'argoproj.io/v1alpha1/AppProject': { scope: 'namespace' },
  'argoproj.io/v1alpha1/Application': { scope: 'namespace' },
  'kustomize.toolkit.fluxcd.io/v1/Kustomization': { scope: 'namespace' },
  'source.toolkit.fluxcd.io/v1/GitRepository': { scope: 'namespace' },
} as const satisfies Readonly<Record<string, KindFacts>>

export type KindName = keyof typeof KINDS

/** The fields of a kind besides who it is and how it fares: those of its model, or any `spec` of a custom resource. */
export type FieldsOf<K extends KindName> = Omit<
  (typeof KINDS)[K] extends { readonly model: infer M extends keyof typeof client }
    ? InstanceType<Extract<(typeof client)[M], abstract new (...args: never[]) => unknown>>
    : { readonly spec: Readonly<Record<string, unknown>> },
  'apiVersion' | 'kind' | 'metadata' | 'status'
>

/** What is known of a kind by its `apiVersion/Kind`; undefined when it is not in the table. */
export const factsOfKind = (kind: string): KindFacts | undefined =>
  Object.hasOwn(KINDS, kind) ? KINDS[kind as KindName] : undefined
