import { AUTHORITY, GLUSTER, LDAP, NAMESPACES } from '../../config/names.ts'
import type { Place } from '../hold.ts'

const { system, directory, storage } = NAMESPACES

/** The Secrets that the keeper makes and makes anew. */
export const KEPT = {
  inside: { namespace: system, name: AUTHORITY.secret },
  doorRoot: { namespace: system, name: AUTHORITY.doorRootSecret },
  door: { namespace: system, name: AUTHORITY.doorSecret },
  webhook: { namespace: system, name: AUTHORITY.webhookSecret },
  gateway: { namespace: system, name: AUTHORITY.gatewaySecret },
  ingress: { namespace: system, name: AUTHORITY.ingressSecret },
  caller: { namespace: system, name: AUTHORITY.callerSecret },
  directory: { namespace: directory, name: LDAP.tlsSecret },
  pool: { namespace: system, name: GLUSTER.authority },
} as const satisfies Record<string, Place>

/** The ConfigMaps with the certificates of authorities, for those who check others. */
export const TRUST = {
  inside: { namespace: system, name: AUTHORITY.configMap },
  doorRoot: { namespace: system, name: AUTHORITY.doorRootConfigMap },
  pool: { namespace: storage, name: GLUSTER.authority },
} as const satisfies Record<string, Place>
