import type { KubeConfig } from '@kubernetes/client-node'
import { Gauge } from 'prom-client'
import { ownCluster } from '../../cluster/client.ts'
import type { ServiceContext } from '../../service/service.ts'
import { replicaCluster } from './cluster.ts'
import { keepReplica } from './keep.ts'
import { openServers } from './observe.ts'
import type { Settings } from './settings.ts'

/** Keeps one server: says whether it may be read, and lets it write under the Lease of the writer alone. */
export async function startReplica(
  context: ServiceContext<Settings>,
  cluster: KubeConfig = ownCluster(),
): Promise<void> {
  const { settings, log, clock, signal, registry, readiness, closing } = context
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] })
  const ready = gauge('deskfleet_ldap_ready', '1 while this LDAP server has what the others have')
  const writes = gauge('deskfleet_ldap_writes', '1 while this LDAP server is the one that takes writes')
  let lacks: readonly string[] = ['nothing is known yet']
  readiness.needs(() => lacks)
  const servers = openServers(settings, clock)
  closing.defer(servers.close)
  const told = {
    lacks(now: readonly string[]) {
      if (now.join() !== lacks.join()) {
        if (now.length > 0) log.warn({ lacks: now }, 'nobody should read here')
        else log.info('this server has what the others have')
      }
      lacks = now
      ready.set(now.length === 0 ? 1 : 0)
    },
    writes: (now: boolean) => writes.set(now ? 1 : 0),
  }
  await keepReplica(
    { settings, cluster, api: replicaCluster(cluster, settings), servers, clock, log, told },
    signal,
  )
}
