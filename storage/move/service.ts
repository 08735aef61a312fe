import { ownCluster } from '../../cluster/client.ts'
import { leadBy } from '../../cluster/lease/work.ts'
import { FIELD_MANAGERS, NAMESPACES, STORAGE_MOVE } from '../../config/names.ts'
import type { ServiceContext } from '../../service/service.ts'
import { placeRecords } from '../places/cluster.ts'
import { moveCluster } from './cluster.ts'
import { byRsync } from './copy.ts'
import { disksAt } from './disk.ts'
import { keepMoving } from './keep.ts'
import { makeReport } from './report.ts'
import type { Settings } from './settings.ts'

/** One process leads and moves homes; another waits for its turn. */
export async function startMover({
  settings: { roots, rhythm },
  log,
  clock,
  me,
  signal,
  registry,
  readiness,
}: ServiceContext<Settings>): Promise<void> {
  const cluster = ownCluster()
  const listener = makeReport(registry, log)
  readiness.needs(() => (listener.ready() ? [] : ['no look at the homes yet']))
  const work = {
    roots,
    disks: disksAt(roots),
    copies: byRsync(),
    records: placeRecords(cluster, FIELD_MANAGERS.mover),
    cluster: moveCluster(cluster),
    clock,
    listener,
    ...(rhythm === undefined ? {} : { rhythm }),
  }
  const lease = {
    cluster,
    namespace: NAMESPACES.storage,
    lease: STORAGE_MOVE.program,
    me,
    clock,
    log,
    signal,
  }
  await leadBy({ ...lease, leading: listener.leading }, (tenure) => keepMoving(work, tenure))
}
