import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCluster } from '../../config/read.ts'

/** The directory's base as the checkout's own `cluster.yaml` has it, so that the lab serves the same tree. */
export function clusterBaseDN(): string {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'cluster.yaml'), 'utf8')
  const cluster = readCluster({ name: 'cluster.yaml', text })
  if (cluster.ok) return cluster.value.ldap.baseDN
  throw new Error('cluster.yaml has mistakes: `npm run plan` names them')
}
