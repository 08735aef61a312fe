import type { HashKv } from '../etcd/maintenance.ts'

/** Whether a snapshot is a copy of what etcd holds. Pure. */

/** What a restored copy holds. */
export interface Restored {
  readonly sum: HashKv
  readonly keys: number
}

/** What the member that was copied says of the same revision, and the sums of the other voters that answer. */
export interface Living {
  readonly source: HashKv
  readonly keys: number
  readonly others: readonly HashKv[]
}

export type Verdict =
  /** Ids of the members that have the same. */
  | { readonly is: 'proven'; readonly agreed: readonly string[] }
  /** It could not be compared; another one, taken now, may be. */
  | { readonly is: 'again'; readonly why: string }
  | { readonly is: 'refused'; readonly why: string }

/** Sums go over the history too, so they can be compared only where equally much of it is forgotten. */
const alike = (one: HashKv, other: HashKv): boolean =>
  one.revision === other.revision && one.compacted === other.compacted

export function judge({ sum, keys }: Restored, living: Living): Verdict {
  const { source, others } = living
  if (!alike(sum, source)) return { is: 'again', why: 'etcd forgot some of its history meanwhile' }
  if (keys !== living.keys)
    return {
      is: 'refused',
      why: `the copy holds ${keys} keys, and ${living.keys} were there at revision ${sum.revision}`,
    }
  if (sum.hash !== source.hash)
    return { is: 'refused', why: `what the copy holds is not what was there at revision ${sum.revision}` }
  const comparable = others.filter((other) => alike(sum, other))
  const odd = comparable.filter(({ hash }) => hash !== sum.hash).map(({ member }) => member)
  if (odd.length > 0)
    return {
      is: 'refused',
      why: `members of etcd hold different things at revision ${sum.revision}: ${source.member}, which was copied, and ${odd.join(', ')}`,
    }
  return { is: 'proven', agreed: [source, ...comparable].map(({ member }) => member) }
}
