import { isTight } from '../../fullness.ts'
import type { Finding } from '../plan/facts.ts'
import { finding } from '../plan/finding.ts'
import { RESERVE } from './volume-options.ts'

const REASON = 'SetNearlyFull'

interface Room {
  readonly bytes: number
  readonly free: number
}

const whereOf = (at: number): string => `set ${at + 1}`

/** What people can still write: Gluster keeps a part of each disk to itself. */
export const roomFor = ({ bytes, free }: Room): number => Math.max(0, free - (bytes * RESERVE) / 100)

/**
 * The sets that have little room left, each for as much as the smallest of its disks. What was said at the last look is
 * taken back only when there is clearly more. Pure.
 */
export function roomFindings(sets: readonly Room[], before: readonly Finding[]): Finding[] {
  return sets.flatMap((set, at) => {
    const where = whereOf(at)
    const wasSaid = before.some((one) => one.reason === REASON && one.where === where)
    const free = roomFor(set)
    if (!isTight(wasSaid, free, set.bytes)) return []
    const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1)
    return [
      finding(
        'trouble',
        REASON,
        where,
        free === 0
          ? 'its disks are full: people whose files lie there cannot save anything'
          : `of ${gigabytes(set.bytes)} GB only ${gigabytes(free)} GB are left; when they are used up, people cannot save anything`,
        'ask those with the most files to delete some (npx deskfleet storage usage), or give more PCs a brick',
      ),
    ]
  })
}
