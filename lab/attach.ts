import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { apiGet } from './api.ts'
import type { BareLab } from './bare-lab.ts'
import { issue } from './certificates.ts'
import { CONTROL_PLANE } from './control-plane.ts'
import { type Credentials, openCredentials } from './credentials.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { runKubectl } from './kubectl.ts'
import { isAlive } from './processes.ts'
import { type RunRecord, readRecord } from './record.ts'
import { endRun, isRunning, startProcess, stopProcess } from './run.ts'

/** A name that a file may have, from one that Kubernetes or LDAP allows. */
const fileName = (name: string): string =>
  name.replace(/[^a-zA-Z0-9.-]/g, (char) => `_${char.charCodeAt(0)}_`)

/** The typed API over the run in `dir`, as its record is now. */
export function attach(dir: string, record: RunRecord): BareLab {
  const { name, server, kubectl, ldap } = record
  if (!server) throw new Error(`the lab "${name}" has no API server yet`)
  const credentials = openCredentials(dir)
  const run: BareLab['run'] = (args, options) => runKubectl(dir, kubectl, args, options)
  return {
    name,
    dir,
    server,
    kubeconfig: join(dir, 'admin.kubeconfig'),
    kubectl,
    ldap,
    run,
    actAs: (namespace, account) => actAs(dir, server, credentials, run, namespace, account),
    actAsUser: (user, groups = []) => actAsUser(dir, server, credentials, user, groups),
    start: (id, command, args, options) => startProcess(dir, id, command, args, { ...options, guest: true }),
    stop: (id, signal) => stopProcess(dir, id, signal),
    down: () => endRun(dir),
  }
}

/** Why a run is not what its record promises, in words; undefined when it is healthy. */
export async function faultOf(dir: string): Promise<string | undefined> {
  const record = readRecord(dir)
  if (!record) return 'its record is missing or damaged'
  if (record.owner && !isAlive(record.owner)) return `its owner, process ${record.owner.pid}, is gone`
  if (record.phase !== 'ready' || !record.server) return 'it was never finished'
  const own = record.processes.filter((one) => !one.guest)
  const dead = own.filter((one) => !isRunning(dir, one)).map((one) => one.id)
  const missing = CONTROL_PLANE.filter((id) => !own.some((one) => one.id === id))
  if (dead.length + missing.length > 0) return `${[...dead, ...missing].join(', ')} ended`
  const answer = await apiGet(record.server, openCredentials(dir), '/readyz')
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
