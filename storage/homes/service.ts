import { reasonOf } from '../../cluster/answer.ts'
import { ownCluster } from '../../cluster/client.ts'
import { openEvents } from '../../cluster/events.ts'
import { logUnreadable } from '../../cluster/identities.ts'
import { leadBy } from '../../cluster/lease/work.ts'
import { FIELD_MANAGERS, NAMESPACES, STORAGE } from '../../config/names.ts'
import type { ServiceContext } from '../../service/service.ts'
import { placeRecords } from '../places/cluster.ts'
import { homesCluster } from './cluster.ts'
import { keepHomes } from './keep.ts'
import { makeReport } from './report.ts'
import type { Settings } from './settings.ts'

/** One process leads and makes homes; others wait for their turn. */
export async function startHomes(context: ServiceContext<Settings>): Promise<void> {
  const { settings, log, clock, me, signal, registry, readiness } = context
  const { root, volume, from, skeleton, trashAfter } = settings
  const cluster = ownCluster()
  const report = makeReport(registry, log, clock.wall)
  readiness.needs(() => (report.ready() ? [] : ['no pass yet']))
  const events = openEvents(cluster, FIELD_MANAGERS.homes, clock, (error) =>
    log.warn({ reason: reasonOf(error) }, 'an Event was not written'),
  )
  const work = {
    root,
    volume,
    from:
      from === undefined ? undefined : { root: from, records: placeRecords(cluster, FIELD_MANAGERS.homes) },
    skeleton,
    cluster: homesCluster(cluster, logUnreadable(log)),
    events,
    clock,
    rules: { trashAfter },
    listener: report,
  }
  const lease = { cluster, namespace: NAMESPACES.storage, lease: STORAGE.homes, me, clock, log, signal }
  await leadBy({ ...lease, leading: report.leading }, (tenure) => keepHomes(work, tenure))
}
