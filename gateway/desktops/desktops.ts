import type { CoreV1Event } from '@kubernetes/client-node'
import { PERSON } from '../../config/labels.ts'
import { desktopName } from '../../config/names.ts'
import type { ClusterView } from '../cluster/view.ts'
import type { Desktop, Owner } from './desktop.ts'
import { observe } from './observe.ts'

/** Everybody's desktops as this replica sees them now. */
export interface Desktops {
  all(): readonly Desktop[]
  /** Of that person: one that a former person of the same login left is not theirs. */
  of(owner: Owner): Desktop | undefined
  /** The one by that name, whosever it is. */
  named(slug: string): Desktop | undefined
  /** Calls back after changes, many at once as one; at most every 100 ms. */
  onChange(changed: () => void): () => void
}

const TOGETHER = 100

export function watchDesktops(cluster: ClusterView): Desktops {
  let seen: ReadonlyMap<string, Desktop> | undefined
  let timer: NodeJS.Timeout | undefined
  const listeners = new Set<() => void>()
  const changed = () => {
    seen = undefined
    if (timer) return
    timer = setTimeout(() => {
      timer = undefined
      for (const listener of [...listeners]) listener()
    }, TOGETHER)
  }
  for (const watched of [cluster.deployments, cluster.pods, cluster.events]) watched.onChange(changed)
  const look = () => (seen ??= seeAll(cluster))
  return {
    all: () => [...look().values()],
    of({ slug, entryUUID }) {
      const desktop = look().get(slug)
      return desktop?.entryUUID === entryUUID ? desktop : undefined
    },
    named: (slug) => look().get(slug),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function seeAll(cluster: ClusterView): ReadonlyMap<string, Desktop> {
  const pods = Map.groupBy(cluster.pods.all(), ({ metadata }) => metadata?.labels?.[PERSON] ?? '')
  const events = Map.groupBy(
    cluster.events.all(),
    ({ involvedObject }: CoreV1Event) => involvedObject.name ?? '',
  )
  const found = cluster.deployments.all().flatMap((deployment): [string, Desktop][] => {
    const slug = deployment.metadata?.name?.replace(desktopName(''), '') ?? ''
    const own = pods.get(slug) ?? []
    const happened = own.flatMap(({ metadata }) => events.get(metadata?.name ?? '') ?? [])
    const desktop = observe(deployment, own, happened)
    return desktop ? [[desktop.slug, desktop]] : []
  })
  return new Map(found)
}
