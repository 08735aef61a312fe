import { Duplex, PassThrough } from 'node:stream'
import { CoreV1Api, KubeConfig, PortForward, type V1Pod } from '@kubernetes/client-node'
import type { Command } from 'commander'

/** What the client makes up where it finds no kubeconfig at all. */
const NO_CLUSTER = 'http://localhost:8080'

export interface ClusterOptions {
  readonly kubeconfig?: string
}

/** `--kubeconfig FILE`, of commands that work on a cluster; `of` says what of the cluster they work on. */
export const withCluster = (command: Command, of: string): Command =>
  command.option('--kubeconfig <file>', `the cluster whose ${of} it is (default: as kubectl finds one)`)

/**
 * A kubeconfig by its path, or as kubectl finds one (KUBECONFIG, the home folder, inside a pod).
 *
 * @param otherwise What to do without any cluster, for the message when none is known.
 */
export function openCluster(path: string | undefined, otherwise?: string): KubeConfig {
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
  const ways = ['set KUBECONFIG or give --kubeconfig', ...(otherwise === undefined ? [] : [otherwise])]
  throw new Error(`no cluster is known: ${ways.join(', or ')}`)
}

/** A stream to a ready pod behind a port of a Service, by the API server's port-forward. */
export async function dialService(
  cluster: KubeConfig,
  namespace: string,
  name: string,
  port: number,
): Promise<Duplex> {
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
  if (number === undefined) throw new Error(`pod ${namespace}/${pod.metadata.name} has no port ${target}`)
  return await dialPod(cluster, namespace, pod.metadata.name, number)
}

/** A stream to that port of a pod, by the API server's port-forward. */
export async function dialPod(
  cluster: KubeConfig,
  namespace: string,
  name: string,
  number: number,
): Promise<Duplex> {
  const [incoming, outgoing] = [new PassThrough(), new PassThrough()]
  await new PortForward(cluster).portForward(namespace, name, [number], incoming, null, outgoing)
  return Duplex.from({ readable: incoming, writable: outgoing })
}

/** Whether a pod is ready and not on its way out. */
export const isReady = (pod: V1Pod): boolean =>
  !pod.metadata?.deletionTimestamp &&
  (pod.status?.conditions ?? []).some((one) => one.type === 'Ready' && one.status === 'True')

const portOf = (pod: V1Pod, name: string): number | undefined =>
  pod.spec?.containers.flatMap((one) => one.ports ?? []).find((one) => one.name === name)?.containerPort

/**
 * Reads something that the cluster must hold.
 *
 * @param what How people call it, as `Secret NAMESPACE/NAME`.
 * @param advice What to look at when it is not there or not to be read.
 */
export async function readOf<T>(
  what: string,
  read: () => Promise<T | undefined>,
  advice: string,
): Promise<T> {
  try {
    const data = await read()
    if (data !== undefined) return data
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    const meaning = code === 404 ? ' is not there' : code === 403 ? ' may not be read by you' : `: ${reason}`
    throw new Error(`${what}${meaning}; ${advice}`)
  }
  throw new Error(`${what} is empty: look at the job that fills it`)
}
