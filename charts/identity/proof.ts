import type { V1NamedRuleWithOperations, V1Validation, V1Variable } from '@kubernetes/client-node'
import type { Construct } from 'constructs'
import { DESKTOPS } from '../../config/labels.ts'
import { IDENTITIES_CONFIG_MAP, NAMESPACES } from '../../config/names.ts'
import { add } from '../kit/objects.ts'

/** A rule that the API server itself proves on every request: what must hold, and what it says when it does not. */
export interface Proof {
  readonly name: string
  readonly resources: readonly V1NamedRuleWithOperations[]
  /** When there is anything to prove; all must hold. */
  readonly when: Readonly<Record<string, string>>
  /** Named parts, each may use those above it. */
  readonly variables: Readonly<Record<string, string>>
  readonly rules: readonly (Pick<V1Validation, 'expression'> & {
    /** A CEL expression of the message. */
    readonly says: string
  })[]
  /** Where it holds: in namespaces of desktops, or in all. */
  readonly where: 'desktops' | 'everywhere'
  /** Whether the rules read the ConfigMap `identities`, as `params`. */
  readonly readsIdentities: boolean
}

/** Writes a text as CEL does. */
export const cel = (text: string): string => JSON.stringify(text)

/** A `ValidatingAdmissionPolicy` and its binding: fails closed, denies, and leaves a trace in the audit log. */
export function prove(scope: Construct, proof: Proof): void {
  const variables = Object.entries(proof.variables).map(
    ([name, expression]): V1Variable => ({ name, expression }),
  )
  add(
    scope,
    'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy',
    { name: proof.name },
    {
      spec: {
        failurePolicy: 'Fail',
        ...(proof.readsIdentities ? { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } } : {}),
        matchConstraints: {
          matchPolicy: 'Equivalent',
          namespaceSelector: {},
          objectSelector: {},
          resourceRules: [...proof.resources],
        },
        matchConditions: Object.entries(proof.when).map(([name, expression]) => ({ name, expression })),
        ...(variables.length === 0 ? {} : { variables }),
        validations: proof.rules.map(({ expression, says }) => ({
          expression,
          messageExpression: says,
          reason: 'Forbidden',
        })),
      },
    },
  )
  add(
    scope,
    'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding',
    { name: proof.name },
    {
      spec: {
        policyName: proof.name,
        validationActions: ['Deny', 'Audit'],
        ...(proof.readsIdentities
          ? {
              paramRef: {
                name: IDENTITIES_CONFIG_MAP,
                namespace: NAMESPACES.system,
                parameterNotFoundAction: 'Deny',
              },
            }
          : {}),
        ...(proof.where === 'desktops'
          ? { matchResources: { namespaceSelector: { matchLabels: { [DESKTOPS]: 'true' } } } }
          : {}),
      },
    },
  )
}

/** A resource with the operations that matter on it. */
export const on = (
  group: string,
  resources: readonly string[],
  operations: readonly ('CREATE' | 'UPDATE' | 'CONNECT')[],
): V1NamedRuleWithOperations => ({
  apiGroups: [group],
  apiVersions: ['v1'],
  resources: [...resources],
  operations: [...operations],
  scope: 'Namespaced',
})
