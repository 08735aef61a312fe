import { join } from 'node:path'
import { reasonOf } from '../../cluster/answer.ts'
import { ownCluster } from '../../cluster/client.ts'
import { openEvents } from '../../cluster/events.ts'
import { logUnreadable } from '../../cluster/identities.ts'
import { leadBy } from '../../cluster/lease/work.ts'
import { usageStore } from '../../cluster/storage-usage.ts'
import { FIELD_MANAGERS, NAMESPACES, STORAGE } from '../../config/names.ts'
import type { ServiceContext } from '../../service/service.ts'
import { isThere } from '../is-there.ts'
import { LAYOUT } from '../layout.ts'
import { placeRecords } from '../places/cluster.ts'
import { forgetFormer } from '../usage/former.ts'
import { keepUsage, type Place } from '../usage/keep.ts'
import { homesCluster } from './cluster.ts'
import { keepHomes, type Listener } from './keep.ts'
import { makeReport } from './report.ts'
import { newRoomTeller } from './room.ts'
import type { Settings } from './settings.ts'

/** One process leads and makes homes; others wait for their turn. */
export async function startHomes(context: ServiceContext<Settings>): Promise<void> {
  const { settings, log, clock, me, signal, registry, readiness } = context
  const { root, volume, from, skeleton, trashAfter, folders } = settings
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
    rules: { trashAfter, folders },
    listener: report,
  }
  const store = usageStore(cluster, FIELD_MANAGERS.homes)
  const tellRoom = newRoomTeller(store, report.failed)
  // Of a Gluster volume, the agents tell both, from the disks themselves.
  const listener = volume ? report : { ...report, passed: both(report, tellRoom) }
  const usage = {
    clock,
    store,
    place: () => directoryIn(root),
    list: async () => undefined,
    listener: report,
  }
  const kind = volume ? 'volume' : 'directory'
  const lease = { cluster, namespace: NAMESPACES.storage, lease: STORAGE.homes, me, clock, log, signal }
  await leadBy({ ...lease, leading: report.leading }, async (tenure) => {
    await Promise.all([
      keepHomes({ ...work, listener }, tenure),
      forgetFormer({ kind, store, clock, failed: report.failed }, tenure),
      ...(volume ? [] : [keepUsage(usage, tenure)]),
    ])
  })
}

const both =
  (report: Listener, tellRoom: ReturnType<typeof newRoomTeller>): Listener['passed'] =>
  (decision, acted, milliseconds) => {
    report.passed(decision, acted, milliseconds)
    tellRoom(decision.space)
  }

/** The storage directory, once it is one: in the empty place where it should be mounted there is nothing to measure. */
async function directoryIn(root: string): Promise<Place | undefined> {
  if (!(await isThere(join(root, LAYOUT.marker)))) return undefined
  return { set: 1, pc: undefined, walk: { way: [], folder: root, without: [] }, beside: 0 }
}
