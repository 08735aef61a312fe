import { join } from 'node:path'
import { writeKubeconfig } from '../kubectl/kubeconfig.ts'
import { ask } from '../network/ask.ts'
import { freePorts, saysAddressInUse } from '../network/ports.ts'
import { until } from '../run/readiness.ts'
import { logTail, runs, startProcess, stopProcess } from '../run/run.ts'
import { writeAdmission } from './admission.ts'
import type { Credentials } from './credentials.ts'
import { etcdArguments } from './etcd.ts'
import { writeStrangers } from './strangers.ts'

/** The processes without which there is no lab. */
export const CONTROL_PLANE = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const

interface Ports {
  readonly etcd: number
  readonly peer: number
  readonly api: number
  readonly controllers: number
  readonly scheduler: number
}

/** Starts all four and resolves with the API server's URL once every one of them says that it is ready. */
export async function startControlPlane(
  dir: string,
  credentials: Credentials,
  binary: (name: string) => string,
  progress: (line: string) => void,
): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const [etcd = 0, peer = 0, api = 0, controllers = 0, scheduler = 0] = await freePorts(5)
    const ports = { etcd, peer, api, controllers, scheduler }
    const failed = await tryOnce(dir, credentials, binary, ports)
    if (!failed) return serverOf(ports)
    const log = logTail(dir, failed.id)
    if (attempt === 3 || !saysAddressInUse(log)) throw new Error(`${failed.reason}. Its last words:\n${log}`)
    progress(`${failed.id} lost the race for its port: trying others`)
    for (const id of CONTROL_PLANE) await stopProcess(dir, id).catch(() => {})
  }
}

async function tryOnce(
  dir: string,
  credentials: Credentials,
  binary: (name: string) => string,
  ports: Ports,
): Promise<{ id: string; reason: string } | undefined> {
  const server = serverOf(ports)
  const authority = credentials.pair('cluster-ca').certificate
  for (const name of ['admin', 'controller-manager', 'scheduler']) {
    writeKubeconfig(join(dir, `${name}.kubeconfig`), server, authority, name, credentials.pair(name))
  }
  await startProcess(dir, 'etcd', binary('etcd'), etcdArguments(dir, credentials, ports.etcd, ports.peer))
  const admission = writeAdmission(dir, credentials)
  const told = apiServerArguments(credentials, ports, admission, writeStrangers(dir))
  await startProcess(dir, 'kube-apiserver', binary('kube-apiserver'), told)
  const api = await ready(dir, 'kube-apiserver', ports.api, '/readyz', credentials)
  // An API server without its etcd only waits: etcd's own end is the reason then.
  if (api) return runs(dir, 'etcd') ? api : { id: 'etcd', reason: 'etcd ended' }
  await Promise.all([
    startProcess(
      dir,
      'kube-controller-manager',
      binary('kube-controller-manager'),
      controllerManagerArguments(dir, credentials, ports),
    ),
    startProcess(
      dir,
      'kube-scheduler',
      binary('kube-scheduler'),
      schedulerArguments(dir, credentials, ports),
    ),
  ])
  const both = await Promise.all([
    ready(dir, 'kube-controller-manager', ports.controllers, '/healthz', credentials),
    ready(dir, 'kube-scheduler', ports.scheduler, '/readyz', credentials),
  ])
  return both.find((failure) => failure !== undefined)
}

const serverOf = (ports: Ports): string => `https://127.0.0.1:${ports.api}`

async function ready(
  dir: string,
  id: string,
  port: number,
  path: string,
  credentials: Credentials,
): Promise<{ id: string; reason: string } | undefined> {
  const authority = credentials.pair('cluster-ca').certificate
  const client = credentials.pair('admin')
  const answers = async (): Promise<boolean> => (await ask({ port, path, authority, client })).status === 200
  const outcome = await until(id, 90_000, answers, () => runs(dir, id))
  return outcome.ready ? undefined : { id, reason: outcome.reason }
}

function apiServerArguments(
  credentials: Credentials,
  ports: Ports,
  admission: string,
  strangers: string,
): string[] {
  const file = credentials.file
  return [
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.api}`,
    // 1.37 refuses to publish a loopback address, so it publishes none: nothing here routes to Services.
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    `--etcd-servers=https://127.0.0.1:${ports.etcd}`,
    `--etcd-cafile=${file('etcd-ca', 'crt')}`,
    `--etcd-certfile=${file('apiserver-etcd-client', 'crt')}`,
    `--etcd-keyfile=${file('apiserver-etcd-client', 'key')}`,
    `--tls-cert-file=${file('apiserver', 'crt')}`,
    `--tls-private-key-file=${file('apiserver', 'key')}`,
    `--client-ca-file=${file('cluster-ca', 'crt')}`,
    `--authentication-config=${strangers}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    `--admission-control-config-file=${admission}`,
    '--allow-privileged=true',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${file('tokens', 'pub')}`,
    `--service-account-signing-key-file=${file('tokens', 'key')}`,
    `--requestheader-client-ca-file=${file('front-proxy-ca', 'crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-username-headers=X-Remote-User',
    `--proxy-client-cert-file=${file('front-proxy-client', 'crt')}`,
    `--proxy-client-key-file=${file('front-proxy-client', 'key')}`,
    '--profiling=false',
  ]
}

function controllerManagerArguments(dir: string, credentials: Credentials, ports: Ports): string[] {
  return [
    ...servingArguments(dir, credentials, 'controller-manager', ports.controllers),
    `--root-ca-file=${credentials.file('cluster-ca', 'crt')}`,
    `--service-account-private-key-file=${credentials.file('tokens', 'key')}`,
    `--cluster-signing-cert-file=${credentials.file('cluster-ca', 'crt')}`,
    `--cluster-signing-key-file=${credentials.file('cluster-ca', 'key')}`,
    '--use-service-account-credentials=true',
    // As on every cluster that Deskfleet makes: a dead PC is known after 20 s.
    '--node-monitor-grace-period=20s',
  ]
}

function schedulerArguments(dir: string, credentials: Credentials, ports: Ports): string[] {
  return servingArguments(dir, credentials, 'scheduler', ports.scheduler)
}

/** What controller manager and scheduler share: their kubeconfig, and a port that asks the API server who calls. */
function servingArguments(dir: string, credentials: Credentials, name: string, port: number): string[] {
  const kubeconfig = join(dir, `${name}.kubeconfig`)
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--tls-cert-file=${credentials.file(name, 'crt')}`,
    `--tls-private-key-file=${credentials.file(name, 'key')}`,
    // There is only one of each, so nobody need wait for a lease.
    '--leader-elect=false',
    '--profiling=false',
  ]
}
