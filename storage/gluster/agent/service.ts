import type { KubeConfig } from '@kubernetes/client-node'
import { reasonOf } from '../../../cluster/answer.ts'
import { ownCluster } from '../../../cluster/client.ts'
import { openEvents } from '../../../cluster/events.ts'
import { leadBy } from '../../../cluster/lease/work.ts'
import { type UsageSummary, usageStore } from '../../../cluster/storage-usage.ts'
import { FIELD_MANAGERS, GLUSTER, NAMESPACES } from '../../../config/names.ts'
import type { ServiceContext } from '../../../service/service.ts'
import { newBell } from '../../../service/turns.ts'
import { watchPcAddresses } from '../../pc-addresses.ts'
import { hourIn, isIndexDue } from '../../usage/due.ts'
import { keepUsage, type Listing, type Place } from '../../usage/keep.ts'
import { setToMeasure } from '../../usage/who.ts'
import { glusterCommand } from '../glusterd/call.ts'
import { beginList } from '../index/write.ts'
import { dataOf } from '../pc/brick.ts'
import { mayLead } from '../pc/decide.ts'
import type { Inside, OwnFacts } from '../pc/facts.ts'
import { stopBricks } from '../pc/glusterd.ts'
import { writeHosts } from '../pc/hosts.ts'
import { keepPc } from '../pc/keep.ts'
import { readRoot, touchRoot } from '../pc/root.ts'
import { lacksNothing, takesConnections } from '../pc/two.ts'
import { glusterCluster, saidOf, watchVolume } from './cluster.ts'
import { lead } from './lead.ts'
import { makeReport } from './report.ts'
import type { Settings } from './settings.ts'
import { memoryOf, setsIn } from './stored.ts'
import { keepTwo } from './two.ts'

/** What a lab puts in the place of the machine that the process runs on. */
export interface Where {
  readonly cluster: KubeConfig
  readonly inside: Inside
  /** The hosts file that names the PCs; undefined where somebody else writes it. */
  readonly hosts: string | undefined
}

const here = (): Where => ({ cluster: ownCluster(), inside: { root: '', way: [] }, hosts: '/etc/hosts' })

/** Each agent keeps its own PC; one of those whose glusterd is of the pool keeps the volume as well. */
export async function startAgent(context: ServiceContext<Settings>, where: Where = here()): Promise<void> {
  const { settings, log, clock, me, signal, registry, readiness, closing } = context
  const { inside, cluster: config } = where
  const cluster = glusterCluster(config)
  const events = openEvents(config, FIELD_MANAGERS.gluster, clock, (error) =>
    log.warn({ reason: reasonOf(error) }, 'an Event was not written'),
  )
  const report = makeReport(registry, log, (news) => void events.warn(news))
  readiness.needs(report.lacks)
  const bell = newBell()
  const watched = watchVolume(config, log)
  closing.defer(watched.stop)
  watched.onChange(bell.ring)
  const hosts = where.hosts === undefined ? undefined : keepHosts(config, log, where.hosts, report.failed)
  if (hosts !== undefined) closing.defer(hosts.stop)

  const chances = newChances()
  let isFit = false
  const publish = async (facts: OwnFacts): Promise<void> => {
    isFit = facts.brick !== 'unread' && facts.brick.fault === undefined && facts.brick.holds !== 'nothing'
    if (!mayLead(facts)) chances.set(false)
    const { retiring } = await cluster.publish(settings.node, saidOf(facts))
    // It cannot take itself out of the pool: somebody else must.
    chances.set(mayLead(facts) && !retiring)
  }
  const own = { me: settings.node, inside, places: settings.places, clock, bell, publish }
  const names = hosts?.written ?? (() => true)
  const memory = () => {
    const volume = watched.volume()
    return volume === undefined ? 'unread' : memoryOf(volume)
  }
  let mayServe = false
  const keeping = keepPc({ ...own, names, memory, mayServe: () => mayServe, listener: report }, signal)
  const two = keepTwo(
    {
      me: settings.node,
      cluster,
      clock,
      shown: watched.volume,
      hears: (pc, port) => takesConnections(inside, pc, port),
      lacksNothing: () => lacksNothing(inside, settings.places),
      stopBrick: () => stopBricks(inside),
      judged(verdict) {
        if (verdict.serve !== mayServe) bell.ring()
        mayServe = verdict.serve
        report.judged(verdict)
      },
      failed: report.failed,
    },
    signal,
  )

  /** Of this PC's own disk, where it is the one that its set is measured on. */
  const place = async (): Promise<Place | undefined> => {
    const volume = watched.volume()
    const set = volume && setToMeasure(setsIn(volume), settings.node)
    if (set === undefined || !isFit) return undefined
    const walk = { way: inside.way, folder: dataOf(settings.places.brick), without: ['.glusterfs'] }
    return { set, pc: settings.node, walk, beside: 1 }
  }
  const store = usageStore(config, FIELD_MANAGERS.gluster)
  /** The names of its files, once a night, where there are other sets to keep them on. */
  const list = async (set: number, last: UsageSummary['index']): Promise<Listing | undefined> => {
    const volume = watched.volume()
    const sets = volume === undefined ? [] : setsIn(volume)
    const now = clock.wall()
    const at = last && Date.parse(last.at)
    if (sets.length < 2 || !isIndexDue(at, now.getTime(), hourIn(settings.timeZone, now))) return undefined
    return await beginList({ inside, mount: settings.mount, sets, clock }, set, last)
  }
  const measuring = keepUsage({ clock, store, place, list, listener: report }, signal)

  const hands = {
    gluster: glusterCommand(inside.way),
    clock,
    me: settings.node,
    volume: GLUSTER.volume,
    touchRoot: () => touchRoot(inside, settings.mount),
  }
  const root = () => readRoot(inside, settings.mount)
  while (!signal.aborted) {
    const chance = await chances.next(signal)
    if (signal.aborted) break
    const lease = { cluster: config, namespace: NAMESPACES.storage, lease: GLUSTER.server, me, clock, log }
    await leadBy({ ...lease, signal: AbortSignal.any([signal, chance]), leading: report.leading }, (tenure) =>
      lead({ cluster, hands, clock, root, listener: report }, tenure),
    )
  }
  await Promise.all([keeping, two, measuring])
}

/** Times in which this PC may lead, one after the other. */
function newChances(): {
  set(may: boolean): void
  /** Resolves in the next such time, with a signal that aborts at its end. */
  next(signal: AbortSignal): Promise<AbortSignal>
} {
  let current: AbortController | undefined
  const waiting: (() => void)[] = []
  return {
    set(may) {
      if (may && current === undefined) current = new AbortController()
      if (may) for (const go of waiting.splice(0)) go()
      if (!may) {
        current?.abort()
        current = undefined
      }
    },
    async next(signal) {
      if (current === undefined)
        await new Promise<void>((go) => {
          waiting.push(go)
          signal.addEventListener('abort', () => go(), { once: true })
        })
      return current?.signal ?? AbortSignal.abort()
    },
  }
}

/** Keeps the names of all PCs in the hosts file. */
function keepHosts(
  config: KubeConfig,
  log: ServiceContext<Settings>['log'],
  path: string,
  failed: (error: unknown) => void,
): { readonly written: () => boolean; readonly stop: () => Promise<void> } {
  const addresses = watchPcAddresses(config, log)
  let written = false
  // One after the other: the file is written in place.
  let writing = Promise.resolve()
  addresses.onChange(() => {
    if (!addresses.ready()) return
    writing = writing
      .then(() => writeHosts(path, addresses.all()))
      .then(() => {
        written = true
      })
      .catch(failed)
  })
  return {
    written: () => written,
    async stop() {
      await addresses.stop()
      await writing
    },
  }
}
