import type { KubeConfig } from '@kubernetes/client-node'
import { ownCluster } from '../../cluster/client.ts'
import type { Clock } from '../../service/clock.ts'
import type { ServiceContext } from '../../service/service.ts'
import { keepCertificate } from '../certificate/keep.ts'
import { certificateReport } from '../certificate/report.ts'
import { volumeCluster } from './client/cluster.ts'
import { laidClients } from './client/lay.ts'
import { boundedLooks } from './client/looks.ts'
import { places } from './client/places.ts'
import { systemdProcesses } from './client/processes.ts'
import { glusterVolume, type Volume, type VolumeCluster } from './client/volume.ts'
import { mounterCluster } from './cluster.ts'
import { earlyNotes, keepEarlyNotes } from './early-notes.ts'
import { keepMounts } from './keep.ts'
import { besideSource, directorySource, mountsBelow, mountsNow } from './mounts.ts'
import { makeReport } from './report.ts'
import type { Settings } from './settings.ts'

export async function startMounter(context: ServiceContext<Settings>): Promise<void> {
  const { settings, log, clock, signal, registry, readiness, closing } = context
  const report = makeReport(registry, log)
  readiness.needs(report.lacks)
  const config = ownCluster()
  const cluster = mounterCluster(config, settings.node, log)
  closing.defer(cluster.stop)
  const volume = settings.volume ? volumeOfPc(settings, volumeCluster(config, log), clock) : undefined
  // Its processes and mounts are the PC's, and stay.
  if (volume) closing.defer(volume.stop)
  const vouched = settings.volume ? keepVouched(context, config) : undefined
  const beside = settings.from === undefined ? undefined : besideSource(settings.from)
  const source = volume ?? directorySource(settings.storage)
  const notes = earlyNotes()
  const mounts = mountsBelow(settings.run, source, beside, notes)
  const watching = { cluster, directory: () => source.directory(), notes, clock, failed: report.failed }
  await Promise.all([
    keepMounts({ mounts, volume, cluster, clock, listener: report }, signal),
    keepEarlyNotes(watching, signal),
  ])
  await vouched
}

/** Keeps the certificate by which this PC is known in the pool: that of its servers, too. */
function keepVouched(
  { settings, log, clock, signal, registry, readiness }: ServiceContext<Settings>,
  cluster: KubeConfig,
): Promise<void> {
  const listener = certificateReport(registry, log)
  readiness.needs(() => (listener.usable() ? [] : ['nobody vouches for this PC in the Gluster pool yet']))
  const directory = places(settings.run).tls
  return keepCertificate({ directory, node: settings.node, cluster, clock, listener }, signal)
}

function volumeOfPc({ run, node }: Settings, cluster: VolumeCluster, clock: Clock): Volume {
  const on = places(run)
  return glusterVolume({
    places: on,
    processes: systemdProcesses(on),
    laid: laidClients(on),
    looks: boundedLooks(),
    mounts: () => mountsNow(run),
    cluster,
    clock,
    node,
  })
}
