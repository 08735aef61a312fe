import { ownCluster } from '../../cluster/client.ts'
import type { ServiceContext } from '../../service/service.ts'
import { mounterCluster } from './cluster.ts'
import { keepMounts } from './keep.ts'
import { mountsBelow } from './mounts.ts'
import { makeReport } from './report.ts'
import type { Settings } from './settings.ts'

export async function startMounter(context: ServiceContext<Settings>): Promise<void> {
  const { settings, log, clock, signal, registry, readiness, closing } = context
  const report = makeReport(registry, log)
  readiness.needs(() => (report.ready() ? [] : ['the storage directory has not been seen']))
  const cluster = mounterCluster(ownCluster(), settings.node, log)
  closing.defer(cluster.stop)
  const mounts = mountsBelow(settings.run, settings.storage)
  await keepMounts({ mounts, cluster, clock, listener: report }, signal)
}
