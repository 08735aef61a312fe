import type { KubeConfig } from '@kubernetes/client-node'
import { Gauge } from 'prom-client'
import { reasonOf } from '../../cluster/answer.ts'
import { ownCluster } from '../../cluster/client.ts'
import { openEvents } from '../../cluster/events.ts'
import { leadBy } from '../../cluster/lease/work.ts'
import { FIELD_MANAGERS, LDAP_DISK, NAMESPACES } from '../../config/names.ts'
import type { ServiceContext } from '../../service/service.ts'
import { disksCluster } from './cluster.ts'
import { keepDisks } from './keep.ts'
import type { Settings } from './settings.ts'

/** One process leads; the other one waits for its turn. */
export async function startDisks(
  context: ServiceContext<Settings>,
  cluster: KubeConfig = ownCluster(),
): Promise<void> {
  const { settings, log, clock, me, signal, registry, readiness } = context
  const waiting = new Gauge({
    name: 'deskfleet_ldap_servers_waiting',
    help: 'LDAP servers whose PC is gone and that cannot begin on another one now',
    registers: [registry],
  })
  let leads = false
  let looked = false
  readiness.needs(() => (leads && !looked ? ['no look yet'] : []))
  const events = openEvents(cluster, FIELD_MANAGERS.disks, clock, (error) =>
    log.warn({ reason: reasonOf(error) }, 'an Event was not written'),
  )
  const lease = { cluster, namespace: NAMESPACES.directory, lease: LDAP_DISK.program, me, clock, log, signal }
  const leading = (now: boolean) => {
    leads = now
    looked = false
    log.info(now ? 'this process makes the disks' : 'this process waits for its turn')
  }
  const work = {
    cluster: disksCluster(cluster),
    events,
    rules: settings.rules,
    clock,
    log,
    looked: (plan: { readonly waiting: readonly unknown[] }) => {
      looked = true
      waiting.set(plan.waiting.length)
    },
  }
  await leadBy({ ...lease, leading }, (tenure) => keepDisks(work, tenure))
}
