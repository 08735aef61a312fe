import type { V1PolicyRule } from '@kubernetes/client-node'
import type { Construct } from 'constructs'
import { ServiceAccount } from './kplus.ts'
import { add } from './objects.ts'

/** A right, as RBAC writes it. */
export interface Right {
  readonly group: string
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  /** @default every object */
  readonly names?: readonly string[]
}

/** What a program may do: everywhere, and in single namespaces. */
export interface Rights {
  readonly cluster?: readonly Right[]
  readonly namespaces?: Readonly<Record<string, readonly Right[]>>
}

/** What leading by a Lease takes. RBAC cannot name what is about to be created. */
export const leaseRights = (name: string): readonly Right[] => [
  { group: 'coordination.k8s.io', resources: ['leases'], verbs: ['create'] },
  { group: 'coordination.k8s.io', resources: ['leases'], verbs: ['get', 'update'], names: [name] },
]

const rules = (rights: readonly Right[]): V1PolicyRule[] =>
  rights.map(({ group, resources, verbs, names }) => ({
    apiGroups: [group],
    resources: [...resources],
    ...(names === undefined ? {} : { resourceNames: [...names] }),
    verbs: [...verbs],
  }))

const RBAC = 'rbac.authorization.k8s.io'

/** A ServiceAccount with exactly these rights; tokens are mounted by the pods that ask for one. */
export function account(scope: Construct, name: string, namespace: string, rights: Rights): void {
  new ServiceAccount(scope, `ServiceAccount.${name}`, { metadata: { name, namespace } })
  const subjects = [{ kind: 'ServiceAccount', name, namespace }]
  if (rights.cluster !== undefined) {
    const role = `deskfleet-${name}`
    add(scope, `${RBAC}/v1/ClusterRole`, { name: role }, { rules: rules(rights.cluster) })
    const roleRef = { apiGroup: RBAC, kind: 'ClusterRole', name: role }
    add(scope, `${RBAC}/v1/ClusterRoleBinding`, { name: role }, { roleRef, subjects })
  }
  for (const [where, given] of Object.entries(rights.namespaces ?? {})) {
    add(scope, `${RBAC}/v1/Role`, { name, namespace: where }, { rules: rules(given) })
    const roleRef = { apiGroup: RBAC, kind: 'Role', name }
    add(scope, `${RBAC}/v1/RoleBinding`, { name, namespace: where }, { roleRef, subjects })
  }
}
