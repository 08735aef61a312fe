import { writeFileSync } from 'node:fs'
import type { KeyPair } from '../bare/certificates.ts'

/** How a client proves who it is: by its certificate, or by a ServiceAccount's token. */
export type Credential = KeyPair | { readonly token: string }

/**
 * Writes a kubeconfig (mode 0600) that needs no other file. It is JSON, which every reader of YAML takes.
 * `authority` is the PEM certificate of the cluster's CA.
 */
export function writeKubeconfig(
  path: string,
  server: string,
  authority: string,
  user: string,
  credential: Credential,
): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'lab', cluster: { server, 'certificate-authority-data': base64(authority) } }],
    users: [
      {
        name: user,
        user:
          'token' in credential
            ? { token: credential.token }
            : {
                'client-certificate-data': base64(credential.certificate),
                'client-key-data': base64(credential.key),
              },
      },
    ],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user } }],
    'current-context': 'lab',
  }
  writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 })
  return path
}
