import { GLUSTER, SHARED_CLAIM } from '../../config/names.ts'
import { LAYOUT } from '../layout.ts'
import { SHARED } from '../places/facts.ts'
import type { MounterCluster } from './cluster.ts'
import type { Observed, Wanted } from './facts.ts'
import type { Mounts } from './mounts.ts'

/** What is seen of this PC, and how many homes its pods use that are not ready to be shown. */
export interface Seen {
  readonly observed: Observed
  readonly notReady: number
}

/** Where the program that makes homes finds a volume's root: its parent is what its pod holds. */
const ROOT = { parent: 'storage', name: GLUSTER.volume, source: '.', always: true, bare: true } as const

/**
 * Reads what pods of this PC need, and what is mounted.
 *
 * @param volume whether the storage directory is a volume that this PC mounts itself, and shows as it is, too
 */
export async function observe(cluster: MounterCluster, mounts: Mounts, volume = false): Promise<Seen> {
  const slugs = [...cluster.used()]
  const people = await Promise.all(slugs.map(async (slug) => ({ slug, home: await cluster.ready(slug) })))
  const homes = people.flatMap(({ slug, home }) =>
    home ? [{ parent: `u/${slug}`, name: home.login, source: `${LAYOUT.homes}/${home.entryUUID}` }] : [],
  )
  const shared = { parent: SHARED_CLAIM, name: SHARED_CLAIM, source: LAYOUT.shared, always: true } as const
  const placed = (await mounts.beside())
    ? await byPlace(cluster, [
        ...homes.map((home) => ({ wish: home, record: home.source.slice(LAYOUT.homes.length + 1) })),
        { wish: shared, record: SHARED },
      ])
    : [...homes, shared]
  const wanted: Omit<Wanted, 'id'>[] = [...placed, ...(volume ? [ROOT] : [])]
  const ids = await mounts.identify(wanted)
  const observed = {
    wanted: wanted.map((one, index) => ({ ...one, id: ids[index] })),
    used: new Set([...slugs.map((slug) => `u/${slug}`), SHARED_CLAIM, ROOT.parent]),
    mounted: await mounts.list(),
    storage: await mounts.storage(),
  }
  const shown = wanted.filter(({ parent }) => parent.startsWith('u/')).length
  return { observed, notReady: slugs.length - shown }
}

type Wish = Omit<Wanted, 'id' | 'from'>

/** What lies on one of two storages, with which; of what is being moved nothing. */
async function byPlace(
  cluster: MounterCluster,
  wishes: readonly { readonly wish: Wish; readonly record: string }[],
): Promise<Omit<Wanted, 'id'>[]> {
  const sides = await Promise.all(wishes.map(({ record }) => cluster.side(record)))
  return wishes.flatMap(({ wish }, index) => {
    const side = sides[index]
    return side === undefined ? [] : [side === 'from' ? { ...wish, from: true } : wish]
  })
}
