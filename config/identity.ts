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
  /**
   * When their password was last set, as LDAP generalized time to the second, `20261126041500Z`: what was begun with an
   * earlier one ends. Left out where the directory does not tell.
   */
  readonly passwordSet?: string
  /** Locked by an administrator: nothing runs as them, and what they have stays theirs. Left out for everybody else. */
  readonly locked?: true
}

/**
 * Whether something that was begun with a password set at one time ends, since another one was set later. `begunWith` is
 * '' where the directory told of none: slapd tells of the first one only when it is changed.
 */
export const isOutdated = (begunWith: string | undefined, { passwordSet }: IdentitySpec): boolean =>
  begunWith !== undefined && passwordSet !== undefined && passwordSet > begunWith

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
