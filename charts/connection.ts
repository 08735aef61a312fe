import type { Cluster } from '../config/schema.ts'

/** Where LDAP is and whom to bind as; the passwords are in Secrets. */
export function connection({ ldap }: Cluster) {
  return {
    url: ldap.url,
    baseDN: ldap.baseDN,
    adminDN: `cn=admin,${ldap.baseDN}`,
    readerDN: `cn=reader,${ldap.baseDN}`,
  }
}
