import { LDAP, NAMESPACES } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'

/** Where LDAP is and whom to bind as; the passwords are in Secrets. */
export function connection({ ldap }: Cluster) {
  return {
    url: ldap.url,
    baseDN: ldap.baseDN,
    adminDN: `cn=admin,${ldap.baseDN}`,
    readerDN: `cn=reader,${ldap.baseDN}`,
    // Where one server does all, there is nothing more to say of it.
    ...(ldap.replicas > 1 && { writerUrl: ldap.writerUrl, servers: serversOf(ldap.replicas).join(' ') }),
  }
}

/** Every server by its own name, in the order of their ordinals. */
export const serversOf = (replicas: number): string[] =>
  Array.from(
    { length: replicas },
    (_, ordinal) =>
      `ldaps://${LDAP.service}-${ordinal}.${LDAP.pods}.${NAMESPACES.directory}.svc:${LDAP.port}`,
  )
