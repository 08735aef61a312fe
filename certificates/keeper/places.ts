import { AUTHORITY, LDAP, NAMESPACES, WEBHOOK } from '../../config/names.ts'
import type { Place } from '../hold.ts'

const { system, directory } = NAMESPACES

/** The Secrets that the keeper makes and makes anew. */
export const KEPT = {
  inside: { namespace: system, name: AUTHORITY.secret },
  doorRoot: { namespace: system, name: AUTHORITY.doorRootSecret },
  door: { namespace: system, name: AUTHORITY.doorSecret },
  webhook: { namespace: system, name: AUTHORITY.webhookSecret },
  gateway: { namespace: system, name: AUTHORITY.gatewaySecret },
  caller: { namespace: system, name: AUTHORITY.callerSecret },
  directory: { namespace: directory, name: LDAP.tlsSecret },
} as const satisfies Record<string, Place>

/** The ConfigMaps with the certificates of authorities, for those who check others. */
export const TRUST = {
  inside: { namespace: system, name: AUTHORITY.configMap },
  doorRoot: { namespace: system, name: AUTHORITY.doorRootConfigMap },
} as const satisfies Record<string, Place>

const WEBHOOK_SERVICE = `${WEBHOOK.service}.${system}.svc`

/** The names by which the API server calls the webhook. */
export const WEBHOOK_NAMES = [WEBHOOK_SERVICE, `${WEBHOOK_SERVICE}.cluster.local`] as const

/** The names in slapd's certificate: its Services, each of its pods, and itself. */
export const DIRECTORY_NAMES = [
  `${LDAP.service}.${directory}.svc`,
  `${LDAP.writer}.${directory}.svc`,
  `${LDAP.service}.${directory}`,
  `${LDAP.service}.${directory}.svc.cluster.local`,
  `*.${LDAP.pods}.${directory}.svc`,
  `*.${LDAP.pods}.${directory}.svc.cluster.local`,
  'localhost',
  '127.0.0.1',
] as const

/** Names under which somebody does call slapd: a certificate that lacks one of them is of no use. */
export const CALLED_DIRECTORY_NAMES = [
  `${LDAP.service}.${directory}.svc`,
  `${LDAP.writer}.${directory}.svc`,
  `${LDAP.service}-0.${LDAP.pods}.${directory}.svc`,
  'localhost',
  '127.0.0.1',
] as const
