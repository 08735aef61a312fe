import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issue, type KeyPair, makeAuthority, type Subject } from './certificates.ts'

const LOOPBACK = { addresses: ['127.0.0.1'], hosts: ['localhost'] } as const

/** First address of the Service range: what pods call the API server by. */
const API_SERVICE = {
  addresses: ['127.0.0.1', '10.96.0.1'],
  hosts: [
    'localhost',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ],
}

/** The common name by which a lab's API server calls webhooks. */
export const WEBHOOK_CALLER = 'kube-apiserver-webhooks'

type AuthorityName = 'cluster-ca' | 'etcd-ca' | 'front-proxy-ca'

/** Every certificate of a run: who signs it and whom it names. Nobody shares one. */
const LEAVES: Record<string, { by: AuthorityName; subject: Subject }> = {
  etcd: { by: 'etcd-ca', subject: { name: 'etcd', ...LOOPBACK } },
  'apiserver-etcd-client': { by: 'etcd-ca', subject: { name: 'kube-apiserver' } },
  apiserver: { by: 'cluster-ca', subject: { name: 'kube-apiserver', ...API_SERVICE } },
  // By it the API server is known to the webhook.
  'apiserver-webhooks': { by: 'cluster-ca', subject: { name: WEBHOOK_CALLER } },
  'front-proxy-client': { by: 'front-proxy-ca', subject: { name: 'front-proxy-client' } },
  'controller-manager': {
    by: 'cluster-ca',
    subject: { name: 'system:kube-controller-manager', ...LOOPBACK },
  },
  scheduler: { by: 'cluster-ca', subject: { name: 'system:kube-scheduler', ...LOOPBACK } },
  admin: { by: 'cluster-ca', subject: { name: 'lab-admin', groups: ['system:masters'] } },
}

/** The certificates and keys of a run, as PEM files in `<dir>/pki`. */
export interface Credentials {
  file(name: string, part: 'crt' | 'key' | 'pub'): string
  pair(name: string): KeyPair
}

/** Makes every authority, leaf and the key pair of ServiceAccount tokens for the run in `dir`. */
export async function makeCredentials(dir: string): Promise<Credentials> {
  const folder = join(dir, 'pki')
  mkdirSync(folder, { mode: 0o700 })
  const save = (name: string, pair: KeyPair): void => {
    writeFileSync(join(folder, `${name}.crt`), pair.certificate, { mode: 0o600 })
    writeFileSync(join(folder, `${name}.key`), pair.key, { mode: 0o600 })
  }
  const authorities = new Map<AuthorityName, KeyPair>()
  for (const name of ['cluster-ca', 'etcd-ca', 'front-proxy-ca'] as const) {
    const authority = await makeAuthority(`deskfleet lab ${name}`)
    authorities.set(name, authority)
    save(name, authority)
  }
  for (const [name, { by, subject }] of Object.entries(LEAVES)) {
    const authority = authorities.get(by)
    if (authority) save(name, await issue(authority, subject))
  }
  const tokens = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  writeFileSync(join(folder, 'tokens.key'), tokens.privateKey.export({ type: 'sec1', format: 'pem' }), {
    mode: 0o600,
  })
  writeFileSync(join(folder, 'tokens.pub'), tokens.publicKey.export({ type: 'spki', format: 'pem' }), {
    mode: 0o600,
  })
  return openCredentials(dir)
}

export function openCredentials(dir: string): Credentials {
  const file = (name: string, part: string): string => join(dir, 'pki', `${name}.${part}`)
  return {
    file,
    pair: (name) => ({
      certificate: readFileSync(file(name, 'crt'), 'utf8'),
      key: readFileSync(file(name, 'key'), 'utf8'),
    }),
  }
}
