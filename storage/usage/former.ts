import type { StoredUsage, UsageStore } from '../../cluster/storage-usage.ts'
import type { Clock } from '../../service/clock.ts'

/** What homes lie on: a Gluster volume, or one directory. */
export type UsageKind = 'volume' | 'directory'

/** Ms between tries. */
const RETRY = 10_000

/**
 * The names of what was measured of a storage that the room had before: how much room its directory has, or sets of disks,
 * of which a directory has one. Shown beside what is measured now, they would be taken for it. Pure.
 */
export const formerUsage = (stored: readonly StoredUsage[], kind: UsageKind): string[] =>
  stored.flatMap(({ name, record }) =>
    (kind === 'volume' ? record.is === 'room' : record.is !== 'room' && record.set > 1) ? [name] : [],
  )

/** Removes them, and tries again until it has. */
export async function forgetFormer(
  {
    store,
    kind,
    clock,
    failed,
  }: {
    readonly store: Pick<UsageStore, 'all' | 'remove'>
    readonly kind: UsageKind
    readonly clock: Clock
    readonly failed: (error: unknown) => void
  },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const name of formerUsage(await store.all(), kind)) await store.remove(name)
      return
    } catch (error) {
      failed(error)
    }
    await clock.sleep(RETRY, signal)
  }
}
