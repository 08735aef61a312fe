import { AUTHORITY, LDAP, NAMESPACES } from '../../config/names.ts'
import type { Place } from '../hold.ts'

/** What the platform needs and Git must never hold. `dist/` names these places, and waits for them. */
export const PLACES = {
  authority: { namespace: NAMESPACES.system, name: AUTHORITY.secret },
  /** A ConfigMap: the authority's certificate, for those who check others. */
  trust: { namespace: NAMESPACES.system, name: AUTHORITY.configMap },
  adminPassword: { namespace: NAMESPACES.directory, name: LDAP.adminSecret },
  readerPassword: { namespace: NAMESPACES.directory, name: LDAP.readerSecret },
  /** The same password, where the identity sync reads it. */
  readerPasswordCopy: { namespace: NAMESPACES.system, name: LDAP.readerSecret },
  directoryLeaf: { namespace: NAMESPACES.directory, name: LDAP.tlsSecret },
} as const satisfies Record<string, Place>

export type Wanted = keyof typeof PLACES

const { directory } = NAMESPACES

/** The names in slapd's certificate: its Service, each of its pods, and itself. */
export const DIRECTORY_NAMES = [
  `${LDAP.service}.${directory}.svc`,
  `${LDAP.service}.${directory}`,
  `${LDAP.service}.${directory}.svc.cluster.local`,
  `*.${LDAP.pods}.${directory}.svc`,
  `*.${LDAP.pods}.${directory}.svc.cluster.local`,
  'localhost',
  '127.0.0.1',
] as const

/** Names under which somebody does call: a certificate that lacks one of them is of no use. */
export const CALLED_NAMES = [
  `${LDAP.service}.${directory}.svc`,
  `${LDAP.service}-0.${LDAP.pods}.${directory}.svc`,
  'localhost',
  '127.0.0.1',
] as const
