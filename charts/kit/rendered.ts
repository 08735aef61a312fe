import type { V1PodSpec } from '@kubernetes/client-node'
import { factsOfKind, type KindFacts } from './kinds.ts'

/** A Kubernetes object as it will stand in `dist/`. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

/** An object with where it came from. */
export interface Rendered {
  /** The app (folder of `dist/`) that it belongs to. */
  readonly app: string
  /** The path of the construct that made it, for messages. */
  readonly origin: string
  readonly object: KubeObject
}

export const kindOf = (object: KubeObject): string => `${object.apiVersion}/${object.kind}`

export const factsOf = (object: KubeObject): KindFacts | undefined => factsOfKind(kindOf(object))

/** What messages call an object: `Deployment deskfleet-system/webhook`. */
export function displayName({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`
}

export interface PodTemplate {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: V1PodSpec
}

/** The pod template of a workload, or undefined for what makes no pods. */
export function podTemplate(object: KubeObject): PodTemplate | undefined {
  const path = factsOf(object)?.pods
  if (path === undefined) return undefined
  const template = path.reduce<unknown>(
    (at, key) => (at as Record<string, unknown> | undefined)?.[key],
    object,
  )
  const { metadata, spec } = template as {
    metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }
    spec: V1PodSpec
  }
  return { labels: metadata?.labels ?? {}, annotations: metadata?.annotations ?? {}, spec }
}

/** Every container of a pod, with its path in the pod's spec. */
export function containersOf(spec: V1PodSpec) {
  return (['initContainers', 'containers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((container, index) => ({ path: `${list}[${index}]`, container })),
  )
}
