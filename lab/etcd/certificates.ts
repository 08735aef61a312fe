import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issue, makeAuthority } from '../bare/certificates.ts'

/** What a client shows to the members, and whom it trusts. PEM. */
export interface ClientCredentials {
  readonly authority: string
  readonly certificate: string
  readonly key: string
}

/** An authority for one cluster, one certificate for all its members, and one for whoever calls them. */
export async function certify(dir: string, addresses: readonly string[]): Promise<void> {
  const folder = join(dir, 'pki')
  mkdirSync(folder, { mode: 0o700 })
  const save = (name: string, text: string): void => writeFileSync(join(folder, name), text, { mode: 0o600 })
  const authority = await makeAuthority('deskfleet lab etcd')
  save('ca.crt', authority.certificate)
  save('ca.key', authority.key)
  for (const [name, subject] of [
    ['member', { name: 'etcd', addresses, hosts: ['localhost'] }],
    ['client', { name: 'client' }],
  ] as const) {
    const pair = await issue(authority, subject)
    save(`${name}.crt`, pair.certificate)
    save(`${name}.key`, pair.key)
  }
}

export function credentialsIn(dir: string): ClientCredentials {
  const read = (name: string): string => readFileSync(join(dir, 'pki', name), 'utf8')
  return { authority: read('ca.crt'), certificate: read('client.crt'), key: read('client.key') }
}
