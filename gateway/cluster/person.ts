import { homeState, isPublished, type KnownIdentity } from '../../cluster/identities.ts'
import type { Identity } from '../../config/identity.ts'
import { ADMINISTRATORS, groupKey, HELPERS } from '../../config/names.ts'

/** Somebody whom the cluster knows, and what the cluster says of them. */
export interface KnownPerson {
  readonly identity: Identity
  /** Admission knows them, so that a pod of theirs would be taken. */
  readonly published: boolean
  /** What storage says of their home. */
  readonly home: 'ready' | 'moving' | 'missing' | 'unknown'
}

export function personOf(identity: KnownIdentity): KnownPerson {
  const { metadata, spec } = identity
  return {
    identity: { metadata, spec },
    published: isPublished(identity),
    home: homeState(identity),
  }
}

/** Whether a desktop would have somewhere to put files; a room whose storage says nothing is believed to have homes. */
export const hasHome = (
  { home }: KnownPerson,
  { homesAreTold }: { readonly homesAreTold: boolean },
): boolean => home === 'ready' || (home === 'unknown' && !homesAreTold)

export const isAdministrator = (identity: Identity): boolean => isIn(identity, ADMINISTRATORS)

/** Whether they may give others one-time passwords; whom, slapd says. */
export const isHelper = (identity: Identity): boolean => isIn(identity, HELPERS)

const isIn = ({ spec }: Identity, group: string): boolean =>
  spec.groups.some(({ name }) => groupKey(name) === group)
