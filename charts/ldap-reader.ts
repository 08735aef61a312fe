import { AUTHORITY, LDAP, NAMESPACES } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import { connection } from './connection.ts'

/** By whom slapd is checked; of a Secret the pod gets that one item, and no key. */
const trusted = ({ certificates }: Cluster) =>
  certificates.issuer === undefined
    ? { configMap: { name: AUTHORITY.configMap } }
    : { secret: { secretName: AUTHORITY.callerSecret, items: [{ key: 'ca.crt', path: 'ca.crt' }] } }

/** What a program in `deskfleet-system` needs to read LDAP: settings, the files that they name, and the way there. */
export function ldapReader(cluster: Cluster) {
  const { url, baseDN, readerDN } = connection(cluster)
  const reader = '/etc/deskfleet/reader'
  const authority = '/etc/deskfleet/authority'
  return {
    env: {
      DESKFLEET_LDAP_URL: url,
      DESKFLEET_LDAP_BASE_DN: baseDN,
      DESKFLEET_LDAP_BIND_DN: readerDN,
      DESKFLEET_LDAP_PASSWORD_FILE: `${reader}/password`,
      DESKFLEET_LDAP_CA_FILE: `${authority}/ca.crt`,
    },
    volumes: [
      { name: 'reader', mountPath: reader, secret: { secretName: LDAP.readerSecret } },
      { name: 'authority', mountPath: authority, ...trusted(cluster) },
    ],
    call: { peer: { namespace: NAMESPACES.directory, program: LDAP.service }, ports: [LDAP.port] },
  }
}
