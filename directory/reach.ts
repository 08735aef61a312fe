import { Duplex, PassThrough } from 'node:stream'
import { CoreV1Api, KubeConfig, PortForward, type V1Pod } from '@kubernetes/client-node'
import { LDAP, NAMESPACES } from '../config/names.ts'
import { type Account, type Address, hostOf } from './connect.ts'

/** All that it takes to work on a directory as its administrator. */
export interface Reach {
  readonly address: Address
  readonly account: Account
  readonly baseDN: string
  /** The cluster that the directory belongs to, where it was reached by way of one. */
  readonly cluster?: KubeConfig
}

/** What the client makes up where it finds no kubeconfig at all. */
const NO_CLUSTER = 'http://localhost:8080'

/** A kubeconfig by its path, or as kubectl finds one (KUBECONFIG, the home folder, inside a pod). */
export function openCluster(path: string | undefined): KubeConfig {
  const config = new KubeConfig()
  try {
    if (path) config.loadFromFile(path)
    else config.loadFromDefault()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(
      `the kubeconfig ${path ?? ''} cannot be used (${reason}): check KUBECONFIG or give --kubeconfig`,
    )
  }
  const server = config.getCurrentCluster()?.server
  if (server && server !== NO_CLUSTER) return config
  throw new Error(
    'no cluster is known: set KUBECONFIG or give --kubeconfig, or give --url to work without one',
  )
}

/**
 * What a cluster says of its directory: where it is, and the administrator's password. An address that only the
 * cluster can reach is dialled through its API; the certificate is checked against the name all the same.
 */
export async function reachByCluster(cluster: KubeConfig): Promise<Reach> {
  const core = cluster.makeApiClient(CoreV1Api)
  const namespace = NAMESPACES.directory
  const connection = await given(`ConfigMap ${namespace}/${LDAP.connection}`, async () => {
    return (await core.readNamespacedConfigMap({ namespace, name: LDAP.connection })).data
  })
  const secret = (name: string): Promise<Record<string, string>> =>
    given(
      `Secret ${namespace}/${name}`,
      async () => (await core.readNamespacedSecret({ namespace, name })).data,
    )
  const [admin, tls] = await Promise.all([secret(LDAP.adminSecret), secret(LDAP.tlsSecret)])
  const url = entry(connection, 'url', LDAP.connection)
  const { host, port } = hostOf(url)
  const service = /^([^.]+)\.([^.]+)\.svc(\.|$)/.exec(host)
  return {
    address: {
      url,
      ca: decoded(entry(tls, 'ca.crt', LDAP.tlsSecret)),
      connectTimeout: 10_000,
      timeout: 20_000,
      ...(service ? { transport: () => forward(cluster, service[2] ?? '', service[1] ?? '', port) } : {}),
    },
    account: {
      dn: entry(connection, 'adminDN', LDAP.connection),
      password: decoded(entry(admin, 'password', LDAP.adminSecret)).trim(),
    },
    baseDN: entry(connection, 'baseDN', LDAP.connection),
    cluster,
  }
}

/** A stream to a ready pod behind a port of a Service, by the API server's port-forward. */
async function forward(cluster: KubeConfig, namespace: string, name: string, port: number): Promise<Duplex> {
  const core = cluster.makeApiClient(CoreV1Api)
  const service = await core.readNamespacedService({ namespace, name })
  const selector = Object.entries(service.spec?.selector ?? {}).map(([key, value]) => `${key}=${value}`)
  const pods = await core.listNamespacedPod({ namespace, labelSelector: selector.join(',') })
  const pod = pods.items.find(isReady)
  if (!pod?.metadata?.name) {
    throw new Error(
      `no pod behind Service ${namespace}/${name} is ready: see "kubectl get pods -n ${namespace}"`,
    )
  }
  const target = service.spec?.ports?.find((one) => one.port === port)?.targetPort ?? port
  const number = typeof target === 'number' ? target : portOf(pod, target)
  const [incoming, outgoing] = [new PassThrough(), new PassThrough()]
  await new PortForward(cluster).portForward(namespace, pod.metadata.name, [number], incoming, null, outgoing)
  return Duplex.from({ readable: incoming, writable: outgoing })
}

const isReady = (pod: V1Pod): boolean =>
  !pod.metadata?.deletionTimestamp &&
  (pod.status?.conditions ?? []).some((one) => one.type === 'Ready' && one.status === 'True')

const portOf = (pod: V1Pod, name: string): number =>
  pod.spec?.containers.flatMap((one) => one.ports ?? []).find((one) => one.name === name)?.containerPort ??
  LDAP.port

async function given<T>(what: string, read: () => Promise<T | undefined>): Promise<T> {
  try {
    const data = await read()
    if (data !== undefined) return data
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    const meaning = code === 404 ? 'is not there' : code === 403 ? 'may not be read by you' : `: ${reason}`
    throw new Error(
      `${what} ${meaning}; is Deskfleet's directory installed in this cluster, and are you its administrator?`,
    )
  }
  throw new Error(`${what} is empty: look at the job that fills it`)
}

function entry(data: Record<string, string>, key: string, name: string): string {
  const value = data[key]
  if (value) return value
  throw new Error(`${NAMESPACES.directory}/${name} has no "${key}": look at what fills it`)
}

const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8')
