import { createHash, X509Certificate } from 'node:crypto'
import type { V1Secret } from '@kubernetes/client-node'

/** By what a PC is let in, and by what it knows the cluster: as kubeadm has both. */

export interface Token {
  /** Six of a-z and 0-9. */
  readonly id: string
  /** Sixteen of them. */
  readonly secret: string
}

/** Kubeadm's own namespace. */
export const SYSTEM = 'kube-system'

export const tokenSecretName = (id: string): string => `bootstrap-token-${id}`

/** Lets whoever has the token join as a worker, until then. */
export const bootstrapToken = (
  { id, secret }: Token,
  expires: Date,
  { labels, description }: { readonly labels?: Record<string, string>; readonly description?: string } = {},
): V1Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: tokenSecretName(id), namespace: SYSTEM, ...(labels && { labels }) },
  type: 'bootstrap.kubernetes.io/token',
  stringData: {
    ...(description && { description }),
    'token-id': id,
    'token-secret': secret,
    expiration: expires.toISOString().replace(/\.\d+/, ''),
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
    'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
  },
})

/** As kubeadm names an authority: by its public key. */
export function publicKeyHash(pem: string): string {
  const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })
  return `sha256:${createHash('sha256').update(key).digest('hex')}`
}
