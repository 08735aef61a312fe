import type { V1NamedRuleWithOperations, V1Validation, V1Variable } from '@kubernetes/client-node'
import type { Construct } from 'constructs'
import { DESKTOPS, NAMESPACE_NAME } from '../../config/labels.ts'
import { EVERY_ROOM, IDENTITIES_CONFIG_MAP, LOCKED_PEOPLE, NAMESPACES } from '../../config/names.ts'
import { add } from './objects.ts'

/** A rule that the API server itself checks on every request: what must hold, and the message when it does not. */
export interface Proof {
  readonly name: string
  readonly resources: readonly V1NamedRuleWithOperations[]
  /** Conditions under which the rule is checked; all must hold. */
  readonly when: Readonly<Record<string, string>>
  /** Named parts, each may use those above it. */
  readonly variables: Readonly<Record<string, string>>
  readonly rules: readonly (Pick<V1Validation, 'expression'> & {
    /** A CEL expression of the message. */
    readonly says: string
  })[]
  /** Where it holds: in namespaces of desktops, in these and our own, in that of node jobs, or in all. */
  readonly where: 'desktops' | 'ours' | 'crown' | 'everywhere'
  /** Of our own, those namespaces that not every room has. @default none */
  readonly also?: readonly string[]
  /** Whether the rules read the ConfigMap `identities`, as `params`. */
  readonly readsIdentities: boolean
  /** Whether they read the ConfigMap `locked-people` instead. @default no */
  readonly readsLocks?: boolean
  /** Another object that they read as `params`, instead of these. Where it is not there, what is asked for is refused. @default none */
  readonly reads?: Read
  /** Labels of what is judged, before or after a change. @default everything */
  readonly labels?: Readonly<Record<string, string>>
}

interface Read {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** Writes a text as CEL does. */
export const cel = (text: string): string => JSON.stringify(text)

/** CEL: that a rule holds of each container of these lists. They have types of their own, so each is asked by itself. */
export const ofEach = (lists: readonly string[], rule: (container: string) => string): string =>
  lists.map((list) => `${list}.all(c, ${rule('c')})`).join(' && ')

const OF_DESKTOPS = { matchLabels: { [DESKTOPS]: 'true' } }

/** By name, so that no label opens one; that of desktops has its label as well, and is judged once. */
const OWN = EVERY_ROOM.filter((name) => name !== NAMESPACES.desktops)
const ofOurOwn = (also: readonly string[]) => ({
  matchExpressions: [{ key: NAMESPACE_NAME, operator: 'In', values: [...OWN, ...also] }],
})

/** The bindings of a policy: what follows its name in that of the binding, and the namespaces. A binding has one selector. */
const bindings = (
  also: readonly string[],
): Readonly<Record<Proof['where'], readonly { suffix: string; namespaces?: object }[]>> => ({
  desktops: [{ suffix: '', namespaces: OF_DESKTOPS }],
  ours: [
    { suffix: '', namespaces: OF_DESKTOPS },
    { suffix: '-of-our-own', namespaces: ofOurOwn(also) },
  ],
  crown: [{ suffix: '', namespaces: { matchLabels: { [NAMESPACE_NAME]: NAMESPACES.crown } } }],
  everywhere: [{ suffix: '' }],
})

const ofOurs = (name: string): Read => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace: NAMESPACES.system,
  name,
})

function readBy({ reads, readsLocks, readsIdentities }: Proof): Read | undefined {
  if (readsLocks) return ofOurs(LOCKED_PEOPLE)
  return readsIdentities ? ofOurs(IDENTITIES_CONFIG_MAP) : reads
}

/** A `ValidatingAdmissionPolicy` and its bindings: fails closed, denies, and leaves a trace in the audit log. */
export function prove(scope: Construct, proof: Proof): void {
  const variables = Object.entries(proof.variables).map(
    ([name, expression]): V1Variable => ({ name, expression }),
  )
  const params = readBy(proof)
  add(
    scope,
    'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy',
    { name: proof.name },
    {
      spec: {
        failurePolicy: 'Fail',
        ...(params ? { paramKind: { apiVersion: params.apiVersion, kind: params.kind } } : {}),
        matchConstraints: {
          matchPolicy: 'Equivalent',
          namespaceSelector: {},
          objectSelector: proof.labels === undefined ? {} : { matchLabels: { ...proof.labels } },
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
  for (const { suffix, namespaces } of bindings(proof.also ?? [])[proof.where]) {
    add(
      scope,
      'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding',
      { name: `${proof.name}${suffix}` },
      {
        spec: {
          policyName: proof.name,
          validationActions: ['Deny', 'Audit'],
          ...(params
            ? {
                paramRef: {
                  name: params.name,
                  namespace: params.namespace,
                  parameterNotFoundAction: 'Deny',
                },
              }
            : {}),
          ...(namespaces ? { matchResources: { namespaceSelector: namespaces } } : {}),
        },
      },
    )
  }
}

/** A resource with the operations that matter on it. */
export const on = (
  group: string,
  resources: readonly string[],
  operations: readonly ('CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT')[],
): V1NamedRuleWithOperations => ({
  apiGroups: [group],
  apiVersions: ['v1'],
  resources: [...resources],
  operations: [...operations],
  scope: 'Namespaced',
})
