import type { CoreV1Event } from '@kubernetes/client-node'
import { PERSON } from '../../config/labels.ts'
import { desktopName } from '../../config/names.ts'
import type { Room } from '../cluster/room.ts'
import type { Desktop } from './desktop.ts'
import { observe } from './observe.ts'

/** Everybody's desktops as this replica sees them now. */
export interface Desktops {
  all(): readonly Desktop[]
  of(slug: string): Desktop | undefined
  /** Calls back after changes, many at once as one; at most every 100 ms. */
  onChange(changed: () => void): () => void
}

const TOGETHER = 100

export function watchDesktops(room: Room): Desktops {
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
  for (const watched of [room.deployments, room.pods, room.events]) watched.onChange(changed)
  const look = () => (seen ??= seeAll(room))
  return {
    all: () => [...look().values()],
    of: (slug) => look().get(slug),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function seeAll(room: Room): ReadonlyMap<string, Desktop> {
  const pods = Map.groupBy(room.pods.all(), ({ metadata }) => metadata?.labels?.[PERSON] ?? '')
  const events = Map.groupBy(
    room.events.all(),
    ({ involvedObject }: CoreV1Event) => involvedObject.name ?? '',
  )
  const found = room.deployments.all().flatMap((deployment): [string, Desktop][] => {
    const slug = deployment.metadata?.name?.replace(desktopName(''), '') ?? ''
    const own = pods.get(slug) ?? []
    const happened = own.flatMap(({ metadata }) => events.get(metadata?.name ?? '') ?? [])
    const desktop = observe(deployment, own, happened)
    return desktop ? [[desktop.slug, desktop]] : []
  })
  return new Map(found)
}
