import { CoreV1Api, DiscoveryV1Api, type KubeConfig } from '@kubernetes/client-node'
import { dialPod, dialService, readOf } from '../../cli/cluster.ts'
import { LDAP, NAMESPACES } from '../../config/names.ts'
import { type Account, type Address, hostOf } from '../connect.ts'

/** All that it takes to work on a directory as its administrator. */
export interface Reach {
  readonly address: Address
  readonly account: Account
  /** Other servers that get what is written; none where there is one. */
  readonly others: readonly Address[]
  readonly baseDN: string
  /** The cluster that the directory belongs to, where it was reached by way of one. */
  readonly cluster?: KubeConfig
  /** The pod of the server that is written to; none where it is a directory of the site's own. */
  readonly pod?: string
}

const ADVICE = "is Deskfleet's directory installed in this cluster, and are you its administrator?"

/**
 * What a cluster says of its directory: where it is, and the administrator's password. An address that only the
 * cluster can reach is dialled through its API; the certificate is checked against the name all the same.
 */
export async function reachByCluster(cluster: KubeConfig): Promise<Reach> {
  const core = cluster.makeApiClient(CoreV1Api)
  const namespace = NAMESPACES.directory
  const connection = await readOf(
    `ConfigMap ${namespace}/${LDAP.connection}`,
    async () => (await core.readNamespacedConfigMap({ namespace, name: LDAP.connection })).data,
    ADVICE,
  )
  const secret = (name: string): Promise<Record<string, string>> =>
    readOf(
      `Secret ${namespace}/${name}`,
      async () => (await core.readNamespacedSecret({ namespace, name })).data,
      ADVICE,
    )
  const [admin, tls] = await Promise.all([secret(LDAP.adminSecret), secret(LDAP.tlsSecret)])
  const base = { ca: decoded(entry(tls, 'ca.crt', LDAP.tlsSecret)), connectTimeout: 10_000, timeout: 20_000 }
  const { writerUrl, servers } = connection
  const way =
    writerUrl === undefined
      ? throughService(cluster, entry(connection, 'url', LDAP.connection), base)
      : await severalServers(cluster, writerUrl, (servers ?? '').split(' ').filter(Boolean), base)
  return {
    ...way,
    account: {
      dn: entry(connection, 'adminDN', LDAP.connection),
      password: decoded(entry(admin, 'password', LDAP.adminSecret)).trim(),
    },
    baseDN: entry(connection, 'baseDN', LDAP.connection),
    cluster,
  }
}

type Base = Pick<Address, 'ca' | 'connectTimeout' | 'timeout'> & { readonly ca: string }

const ofService = (host: string) => /^([^.]+)\.([^.]+)\.svc(\.|$)/.exec(host)

type Way = Pick<Reach, 'address' | 'others' | 'pod'>

function throughService(cluster: KubeConfig, url: string, base: Base): Way {
  const { host, port } = hostOf(url)
  const service = ofService(host)
  if (!service) return { address: { url, ...base }, others: [] }
  const transport = () => dialService(cluster, service[2] ?? '', service[1] ?? '', port)
  return { address: { url, ...base, transport }, others: [], pod: `${LDAP.service}-0` }
}

/** The one that takes writes, as its Service leads, and the others. An LDAP of the site's own is called as it is. */
async function severalServers(
  cluster: KubeConfig,
  writerUrl: string,
  servers: readonly string[],
  base: Base,
): Promise<Way> {
  const service = ofService(hostOf(writerUrl).host)
  if (!service) return { address: { url: writerUrl, ...base }, others: [] }
  const namespace = service[2] ?? ''
  const name = service[1] ?? ''
  const discovery = cluster.makeApiClient(DiscoveryV1Api)
  const slice = await readOf(
    `EndpointSlice ${namespace}/${name}`,
    () => discovery.readNamespacedEndpointSlice({ namespace, name }),
    `does one of the servers take writes? "kubectl -n ${namespace} get pods" shows whether they are ready`,
  )
  const writer = slice.endpoints?.[0]?.targetRef?.name ?? ''
  const port = slice.ports?.[0]?.port ?? LDAP.port
  const others = servers.flatMap((url): Address[] => {
    const { host, port: own } = hostOf(url)
    const pod = host.split('.')[0] ?? ''
    if (pod === writer) return []
    return [{ url, ...base, transport: () => dialPod(cluster, namespace, pod, own) }]
  })
  return {
    address: { url: writerUrl, ...base, transport: () => dialPod(cluster, namespace, writer, port) },
    others,
    pod: writer,
  }
}

function entry(data: Record<string, string>, key: string, name: string): string {
  const value = data[key]
  if (value) return value
  throw new Error(`${NAMESPACES.directory}/${name} has no "${key}": look at what fills it`)
}

const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8')
