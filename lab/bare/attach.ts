import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { apiGet } from '../kubectl/api.ts'
import { clusterOf } from '../kubectl/cluster.ts'
import { writeKubeconfig } from '../kubectl/kubeconfig.ts'
import type { RunRecord } from '../run/record.ts'
import type { BareLab } from './bare-lab.ts'
import { issue } from './certificates.ts'
import { CONTROL_PLANE } from './control-plane.ts'
import { type Credentials, openCredentials } from './credentials.ts'

/** A name that a file may have, from one that Kubernetes or LDAP allows. */
const fileName = (name: string): string =>
  name.replace(/[^a-zA-Z0-9.-]/g, (char) => `_${char.charCodeAt(0)}_`)

/** The typed API over the lab in `dir`, as its record is now. */
export function attach(dir: string, record: RunRecord): BareLab {
  const cluster = clusterOf(dir, record)
  const { server, run } = cluster
  const credentials = openCredentials(dir)
  return {
    ...cluster,
    ldap: record.ldap,
    actAs: (namespace, account) => actAs(dir, server, credentials, run, namespace, account),
    actAsUser: (user, groups = []) => actAsUser(dir, server, credentials, user, groups),
  }
}

/** Why a lab whose processes live is not well all the same; undefined when it is. */
export async function apiFault(dir: string, { processes, server }: RunRecord): Promise<string | undefined> {
  const missing = CONTROL_PLANE.filter((id) => !processes.some((one) => one.id === id))
  if (missing.length > 0 || !server) return `${missing.join(', ')} ended`
  const answer = await apiGet(server, openCredentials(dir), '/readyz')
  return answer.status === 200 ? undefined : `its API server is not ready (${answer.status || 'no answer'})`
}

async function actAs(
  dir: string,
  server: string,
  credentials: Credentials,
  run: BareLab['run'],
  namespace: string,
  account: string,
): Promise<string> {
  const asked = await run(['create', 'token', account, `--namespace=${namespace}`, '--duration=24h'])
  if (asked.code !== 0) throw new Error(`no token for ${namespace}/${account}: ${asked.stderr.trim()}`)
  const path = kubeconfigPath(dir, `account-${fileName(namespace)}-${fileName(account)}`)
  const authority = credentials.pair('cluster-ca').certificate
  return writeKubeconfig(path, server, authority, account, { token: asked.stdout.trim() })
}

async function actAsUser(
  dir: string,
  server: string,
  credentials: Credentials,
  user: string,
  groups: readonly string[],
): Promise<string> {
  const authority = credentials.pair('cluster-ca')
  const own = await issue(authority, { name: user, groups })
  // The groups are part of the name: one user in other groups is another client, and neither replaces the other.
  const path = kubeconfigPath(dir, ['user', user, ...groups].map(fileName).join('-'))
  return writeKubeconfig(path, server, authority.certificate, user, own)
}

function kubeconfigPath(dir: string, stem: string): string {
  mkdirSync(join(dir, 'kubeconfigs'), { recursive: true, mode: 0o700 })
  return join(dir, 'kubeconfigs', `${stem}.kubeconfig`)
}
