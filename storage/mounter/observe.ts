import { SHARED_CLAIM } from '../../config/names.ts'
import { LAYOUT } from '../layout.ts'
import type { MounterCluster } from './cluster.ts'
import type { Observed, Wanted } from './facts.ts'
import type { Mounts } from './mounts.ts'

/** What is seen of this PC, and how many homes its pods use that are not ready to be shown. */
export interface Seen {
  readonly observed: Observed
  readonly notReady: number
}

/** Reads what pods of this PC need, and what is mounted. */
export async function observe(cluster: MounterCluster, mounts: Mounts): Promise<Seen> {
  const slugs = [...cluster.used()]
  const people = await Promise.all(slugs.map(async (slug) => ({ slug, home: await cluster.ready(slug) })))
  const homes = people.flatMap(({ slug, home }) =>
    home ? [{ parent: `u/${slug}`, name: home.login, source: `${LAYOUT.homes}/${home.entryUUID}` }] : [],
  )
  const shared = { parent: SHARED_CLAIM, name: SHARED_CLAIM, source: LAYOUT.shared }
  const identified = async (one: Omit<Wanted, 'id'>): Promise<Wanted> => ({
    ...one,
    id: await mounts.identify(one.source),
  })
  const observed = {
    wanted: await Promise.all([...homes, shared].map(identified)),
    used: new Set([...slugs.map((slug) => `u/${slug}`), SHARED_CLAIM]),
    mounted: await mounts.list(),
    storage: await mounts.storage(),
  }
  return { observed, notReady: slugs.length - homes.length }
}
