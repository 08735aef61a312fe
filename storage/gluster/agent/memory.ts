import { type Swapped, swap } from '../../../cluster/swap.ts'
import type { Memory } from '../plan/facts.ts'
import type { GlusterCluster } from './cluster.ts'
import { memoryOf, type StoredVolume } from './stored.ts'

/**
 * Changes what the agents remember, and nothing else of the volume's status, by compare and swap.
 *
 * @param change the memory as it shall be; undefined where nothing is to be done
 */
export const changeMemory = (
  cluster: Pick<GlusterCluster, 'volume' | 'write'>,
  change: (memory: Memory, live: StoredVolume) => Memory | undefined,
): Promise<Swapped<StoredVolume>> =>
  swap<StoredVolume>({
    read: () => cluster.volume(),
    change(live) {
      const memory = live && change(memoryOf(live), live)
      return live && memory && { ...live, status: { ...live.status, memory } }
    },
    write: async (next, live) => live && (await cluster.write(live, next.status ?? {})),
  })
