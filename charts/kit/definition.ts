import type { Construct } from 'constructs'
import { API_GROUP, API_VERSION } from '../../config/names.ts'
import { add } from './objects.ts'
import { KEPT } from './policies/contents.ts'

/** A custom resource of ours. */
export interface Definition {
  readonly description: string
  /** What it has, as OpenAPI says it; a `status` is written by its own path. */
  readonly properties: Readonly<Record<string, object>>
  readonly columns: readonly { readonly name: string; readonly type: string; readonly jsonPath: string }[]
  /** @default Namespaced */
  readonly scope?: 'Namespaced' | 'Cluster'
  /** Other words for it on the command line. @default none */
  readonly shortNames?: readonly string[]
  /** Rules over the whole object, in CEL. @default none */
  readonly rules?: readonly { readonly rule: string; readonly message: string }[]
}

export interface Names {
  readonly kind: string
  readonly plural: string
  readonly singular: string
}

/** What programs write, who check it themselves. */
export const UNCHECKED = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

export const AGE = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }

/** It is never pruned: every object of its kind would go with it. */
export function defineKind(
  scope: Construct,
  { kind, plural, singular }: Names,
  { description, properties, columns, scope: reach = 'Namespaced', shortNames = [], rules = [] }: Definition,
): void {
  add(
    scope,
    'apiextensions.k8s.io/v1/CustomResourceDefinition',
    { name: `${plural}.${API_GROUP}`, annotations: KEPT },
    {
      spec: {
        group: API_GROUP,
        scope: reach,
        names: {
          kind,
          listKind: `${kind}List`,
          plural,
          singular,
          ...(shortNames.length === 0 ? {} : { shortNames: [...shortNames] }),
          categories: ['deskfleet'],
        },
        versions: [
          {
            name: API_VERSION,
            served: true,
            storage: true,
            ...('status' in properties ? { subresources: { status: {} } } : {}),
            additionalPrinterColumns: [...columns],
            schema: {
              openAPIV3Schema: {
                type: 'object',
                description,
                properties,
                ...(rules.length === 0 ? {} : { 'x-kubernetes-validations': [...rules] }),
              },
            },
          },
        ],
      },
    },
  )
}
