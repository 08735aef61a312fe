import { ApiObject } from 'cdk8s'
import type { Construct } from 'constructs'
import type { FieldsOf, KindName } from './kinds.ts'

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
export function add<K extends KindName>(
  scope: Construct,
  kind: K,
  metadata: Metadata,
  fields: FieldsOf<K>,
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
