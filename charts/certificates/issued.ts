import { isIP } from 'node:net'
import type { Construct } from 'constructs'
import { CALLER_NAMES, DIRECTORY_NAMES, WEBHOOK_NAMES } from '../../config/certificate-names.ts'
import { AUTHORITY, LDAP, NAMESPACES } from '../../config/names.ts'
import { add } from '../kit/objects.ts'

const { system, directory } = NAMESPACES

/** Where cert-manager finds by whom the webhook is to be checked: it puts the `ca.crt` beside that certificate into `caBundle`. */
export const INJECT_FROM = { 'cert-manager.io/inject-ca-from': `${system}/${AUTHORITY.webhookSecret}` }

/** What is served and called with inside the cluster: named like the Secret in which the keeper would lay it. */
const ISSUED = [
  { namespace: system, name: AUTHORITY.webhookSecret, names: WEBHOOK_NAMES, usage: 'server auth' },
  { namespace: system, name: AUTHORITY.callerSecret, names: CALLER_NAMES, usage: 'client auth' },
  { namespace: directory, name: LDAP.tlsSecret, names: DIRECTORY_NAMES, usage: 'server auth' },
] as const

/** Asks cert-manager for them, with the names, the purpose and the life that the keeper would give them. */
export function issued(scope: Construct, issuer: string): void {
  for (const { namespace, name, names, usage } of ISSUED) {
    const addresses = names.filter((one) => isIP(one))
    add(
      scope,
      'cert-manager.io/v1/Certificate',
      { name, namespace },
      {
        spec: {
          secretName: name,
          issuerRef: { group: 'cert-manager.io', kind: 'ClusterIssuer', name: issuer },
          commonName: names[0],
          dnsNames: names.filter((one) => !isIP(one)),
          ...(addresses.length > 0 ? { ipAddresses: addresses } : {}),
          usages: ['digital signature', usage],
          privateKey: { algorithm: 'ECDSA', size: 256, encoding: 'PKCS8', rotationPolicy: 'Always' },
          duration: '8760h0m0s',
          renewBefore: '720h0m0s',
        },
      },
    )
  }
}
