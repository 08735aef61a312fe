import { reasonOf } from '../../cluster/answer.ts'
import { ownCluster } from '../../cluster/client.ts'
import { openEvents } from '../../cluster/events.ts'
import { logUnreadable } from '../../cluster/identities.ts'
import { leadBy } from '../../cluster/lease/work.ts'
import { FIELD_MANAGERS, NAMESPACES } from '../../config/names.ts'
import type { ServiceContext } from '../../service/service.ts'
import { openMounted } from '../mounted.ts'
import { clusterStore } from './cluster.ts'
import { eventsOf } from './events.ts'
import { makeReport } from './report.ts'
import type { Settings } from './settings.ts'
import { synchronise } from './synchronise.ts'

/** One process leads and publishes who is who; others wait for their turn. */
export async function startSync(context: ServiceContext<Settings>): Promise<void> {
  const { settings, log, clock, me, signal, registry, readiness } = context
  const cluster = ownCluster()
  const events = openEvents(cluster, FIELD_MANAGERS.identitySync, clock, (error) =>
    log.warn({ reason: reasonOf(error) }, 'an Event was not written'),
  )
  const tell = (news: Parameters<typeof eventsOf>[0]) => void events.warn(eventsOf(news))
  const report = makeReport(registry, log, tell, clock.wall)
  readiness.needs(() => (report.ready() ? [] : ['nothing published yet']))
  const store = clusterStore(cluster, logUnreadable(log))
  const lease = { cluster, namespace: NAMESPACES.system, lease: 'identity-sync', me, clock, log, signal }
  await leadBy({ ...lease, leading: report.leading }, async (tenure) => {
    const directory = openMounted(settings.ldap)
    try {
      await synchronise({ directory, store, clock, listener: report }, tenure)
    } finally {
      await directory.close()
    }
  })
}
