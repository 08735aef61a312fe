import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeAuthority } from '../../lab/bare/certificates.ts'
import { locate } from '../../lab/binaries/locate.ts'
import { etcdutl } from '../../lab/etcd/etcd.ts'
import { type Belonging, collect } from '../../orchestrator/backup/belongings.ts'
import type { Programs } from '../../orchestrator/backup/throw-away.ts'

/** etcd's programs, as the lab has them. */
export async function etcdPrograms(): Promise<Programs> {
  return { etcd: (await locate(['etcd'])).get('etcd') ?? '', etcdutl: await etcdutl() }
}

/** What a master has in `/etc/kubernetes`, in that folder: a real authority, and texts for the other keys. */
export async function layBelongings(root: string): Promise<readonly Belonging[]> {
  const authority = await makeAuthority('kubernetes')
  const files = {
    'pki/ca.crt': authority.certificate,
    'pki/ca.key': authority.key,
    'pki/sa.key': 'key of accounts',
    'pki/sa.pub': 'public key of accounts',
    'pki/front-proxy-ca.crt': 'authority of the front proxy',
    'pki/front-proxy-ca.key': 'its key',
    'pki/etcd/ca.crt': 'authority of etcd',
    'pki/etcd/ca.key': 'its key as well',
    'api-server/encryption.yaml': 'how Secrets are encrypted',
  }
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text, { mode: 0o600 })
  }
  const collected = await collect(root, 'kind: ClusterConfiguration\n')
  if ('refusal' in collected) throw new Error(collected.refusal)
  return collected.belongings
}
