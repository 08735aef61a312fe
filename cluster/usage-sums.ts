import type { Amount, UsageRecord, UsageRoom, UsageSummary } from './storage-usage.ts'

/** Whose files some are. */
export interface HomeOf {
  readonly slug: string
  /** Small letters. */
  readonly entryUUID: string
}

export interface PersonUsage extends Amount {
  /** Undefined for a home whose owner is gone. */
  readonly slug: string | undefined
  readonly entryUUID: string
  /** Whether it is more than the limit. */
  readonly over: boolean
}

/** What everybody takes up, over all sets of disks. */
export interface UsageSums {
  /** The most first. */
  readonly people: readonly PersonUsage[]
  readonly sets: readonly UsageSummary[]
  readonly shared: Amount
  readonly trash: Amount
  /** Undefined of a Gluster volume, which tells of it itself. */
  readonly room: UsageRoom | undefined
}

const NOTHING: Amount = { bytes: 0, files: 0 }
const plus = (a: Amount, b: Amount): Amount => ({ bytes: a.bytes + b.bytes, files: a.files + b.files })

/** Adds up what was measured of each set; each may have been measured at another time. Pure. */
export function sumsOf(
  records: readonly UsageRecord[],
  owners: readonly HomeOf[],
  limit: number | undefined,
): UsageSums {
  const homes = new Map<string, Amount>()
  const sets: UsageSummary[] = []
  let room: UsageRoom | undefined
  for (const record of records) {
    if (record.is === 'set') sets.push(record)
    else if (record.is === 'room') room = record
    else
      for (const [uuid, amount] of Object.entries(record.homes))
        homes.set(uuid, plus(homes.get(uuid) ?? NOTHING, amount))
  }
  const slugs = new Map(owners.map(({ slug, entryUUID }) => [entryUUID, slug]))
  const people = [...homes].map(([entryUUID, amount]) => ({
    slug: slugs.get(entryUUID),
    entryUUID,
    ...amount,
    over: limit !== undefined && amount.bytes > limit,
  }))
  return {
    people: people.sort((a, b) => b.bytes - a.bytes || (a.entryUUID < b.entryUUID ? -1 : 1)),
    sets: sets.sort((a, b) => a.set - b.set),
    shared: sets.map(({ shared }) => shared).reduce(plus, NOTHING),
    trash: sets.map(({ trash }) => trash).reduce(plus, NOTHING),
    room,
  }
}

/** What one person takes up; undefined where it was not measured yet. Pure. */
export function usedBy(records: readonly UsageRecord[], entryUUID: string): Amount | undefined {
  const own = records.flatMap((record) => (record.is === 'part' ? (record.homes[entryUUID] ?? []) : []))
  return own.length === 0 ? undefined : own.reduce(plus, NOTHING)
}
