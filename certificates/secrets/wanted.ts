import { GATEWAY, LDAP, LOCKED_PEOPLE, NAMESPACES } from '../../config/names.ts'
import type { Place } from '../hold.ts'

/** Where something stands that Git must never hold. */
export interface WantedPlace extends Place {
  readonly kind: 'Secret' | 'ConfigMap'
}

const secret = (namespace: string, name: string): WantedPlace => ({ kind: 'Secret', namespace, name })
const configMap = (name: string): WantedPlace => ({ kind: 'ConfigMap', namespace: NAMESPACES.system, name })

/** What the platform needs and Git must never hold. `dist/` names these places, and waits for them. */
export const PLACES = {
  adminPassword: secret(NAMESPACES.directory, LDAP.adminSecret),
  /** The account by which the servers of the directory read each other. */
  replicaPassword: secret(NAMESPACES.directory, LDAP.replicaSecret),
  readerPassword: secret(NAMESPACES.directory, LDAP.readerSecret),
  /** The same password, where the identity sync reads it. */
  readerPasswordCopy: secret(NAMESPACES.system, LDAP.readerSecret),
  /** Made empty: the gateway fills it, and may make no Secret there itself. */
  sessionKeys: secret(NAMESPACES.system, GATEWAY.sessionsSecret),
  endedSessions: configMap(GATEWAY.revokedConfigMap),
  failedLogins: configMap(GATEWAY.failuresConfigMap),
  /** Made empty: administrators fill it, and delivery must never take back what they wrote. */
  lockedPeople: configMap(LOCKED_PEOPLE),
} as const satisfies Record<string, WantedPlace>

export type Wanted = keyof typeof PLACES
