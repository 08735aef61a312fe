import type { KubeConfig } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { type Amount, watchUsage } from '../../cluster/storage-usage.ts'
import { sumsOf, type UsageSums, usedBy } from '../../cluster/usage-sums.ts'
import type { ClusterView } from '../cluster/view.ts'
import type { Offer } from '../offer.ts'

/** What homes take up, as it was measured last. Nobody waits for it: a desktop starts without. */
export interface Usage {
  /** Of everybody. */
  sums(): UsageSums
  /** Of one person who has more than the limit; undefined of everybody else. */
  over(entryUUID: string): { readonly used: Amount; readonly limit: number } | undefined
  stop(): Promise<void>
}

export function openUsage(
  config: KubeConfig,
  { people }: Pick<ClusterView, 'people'>,
  offer: () => Offer,
  log: Logger,
): Usage {
  // A room whose storage is older tells nothing, and is not asked again and again.
  const watched = offer().usageIsTold ? watchUsage(config, log) : undefined
  let sums: UsageSums | undefined
  const forget = () => {
    sums = undefined
  }
  watched?.onChange(forget)
  people.onChange(forget)
  let limit: number | undefined
  return {
    sums() {
      if (limit !== offer().storageLimit) forget()
      limit = offer().storageLimit
      const owners = () =>
        people.all().map(({ identity: { metadata, spec } }) => ({
          slug: metadata.name,
          entryUUID: spec.entryUUID.toLowerCase(),
        }))
      sums ??= sumsOf(watched?.all() ?? [], owners(), limit)
      return sums
    },
    over(entryUUID) {
      const most = offer().storageLimit
      if (most === undefined || watched === undefined) return undefined
      const used = usedBy(watched.all(), entryUUID.toLowerCase())
      return used !== undefined && used.bytes > most ? { used, limit: most } : undefined
    },
    stop: async () => await watched?.stop(),
  }
}
