/**
 * `cluster/`: The API server as our programs meet it: kept clients, watches, compare and swap, conditions,
 * Events, Identities, leader election.
 */

import {
  type ApiConstructor,
  type ApiType,
  createConfiguration,
  KubeConfig,
  type RequestContext,
  ServerConfiguration,
} from '@kubernetes/client-node'

type Dispatcher = NonNullable<ReturnType<RequestContext['getDispatcher']>>

/** Credentials and the authority on disk are renewed; a pool older than this is left to its last answers. */
const RENEW_AFTER = 10 * 60_000
/** Milliseconds until a request is given up: a leader that hangs must not act after its term, nor a start stand still. */
const LIMIT = 4_000

/** The cluster that a program runs in, or the one that KUBECONFIG names. */
export function ownCluster(): KubeConfig {
  const config = new KubeConfig()
  config.loadFromDefault()
  return config
}

/**
 * An API client whose requests share their connections. client-node makes a new pool, and so a new TCP and TLS
 * handshake, for every single request; thousands of them then cost seconds of both ends' processors.
 */
export function keptClient<T extends ApiType>(config: KubeConfig, Api: ApiConstructor<T>): T {
  const server = config.getCurrentCluster()?.server
  if (!server) throw new Error('no cluster is known')
  let pool: { readonly dispatcher: Dispatcher; readonly until: number } | undefined
  const applySecurityAuthentication = async (context: RequestContext): Promise<void> => {
    await config.applySecurityAuthentication(context)
    const made = context.getDispatcher()
    if (made && (!pool || performance.now() > pool.until)) {
      pool = { dispatcher: made, until: performance.now() + RENEW_AFTER }
    }
    if (pool) context.setDispatcher(pool.dispatcher)
    if (!context.getSignal()) context.setSignal(AbortSignal.timeout(LIMIT))
  }
  return new Api(
    createConfiguration({
      baseServer: new ServerConfiguration(server, {}),
      authMethods: { default: { getName: () => 'kubeconfig', applySecurityAuthentication } },
    }),
  )
}
