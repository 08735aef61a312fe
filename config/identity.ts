/** A group as it counts in the cluster: its name for people, its gid for the kernel. */
export interface IdentityGroup {
  readonly name: string
  readonly gid: number
}

/** Who somebody is, as published to the cluster: the `spec` of an Identity. */
export interface IdentitySpec {
  /** The LDAP `uid`. */
  readonly login: string
  /** The LDAP `uidNumber`: unique, 10000 to 2147483646. */
  readonly uid: number
  /** The LDAP `gidNumber`: the person's primary group. */
  readonly gid: number
  /** Every group the person is in, the primary one included when LDAP knows it; sorted by gid. */
  readonly groups: readonly IdentityGroup[]
  /** Always `/home/<login>`. */
  readonly home: string
  /** Absolute path of the login shell. */
  readonly shell: string
  /** LDAP's immutable name of the entry; a home is bound to it, never to the uid alone. */
  readonly entryUUID: string
}

/** The cluster-scoped custom resource, as far as Deskfleet reads it. `metadata.name` is the slug. */
export interface Identity {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string }
  readonly spec: IdentitySpec
}

/** The gids beside the primary one, ascending: what a pod gets as `supplementalGroups`. */
export function supplementaryGids(spec: IdentitySpec): number[] {
  return [...new Set(spec.groups.map((group) => group.gid))]
    .filter((gid) => gid !== spec.gid)
    .sort((a, b) => a - b)
}

/** The line of the ConfigMap `identities`: `uid|gid|g1,g2|login`. */
export function digestLine(spec: IdentitySpec): string {
  return [spec.uid, spec.gid, supplementaryGids(spec).join(','), spec.login].join('|')
}
