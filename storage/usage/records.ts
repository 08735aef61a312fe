import type { Amount, UsagePart, UsageRecord, UsageSummary } from '../../cluster/storage-usage.ts'
import type { Usage } from './tally.ts'

/**
 * What was measured of a set, as it is kept: a summary, and its homes in sixteen parts by the first digit of their
 * entryUUIDs. A part of ten thousand people has some forty kilobytes, and is written only when somebody in it has
 * more or less than before.
 */

export const summaryName = (set: number): string => `set-${set}`
const partName = (set: number, digit: string): string => `set-${set}-${digit}`
const DIGITS = [...'0123456789abcdef']

/** So much of what somebody has must have changed to be worth writing down, and so many bytes. */
const NEWS = { part: 0.02, bytes: 1_000_000 }

export interface Measured {
  readonly set: number
  readonly at: Date
  readonly pc: string | undefined
  readonly usage: Usage
  readonly unread: number
  readonly index: UsageSummary['index']
}

/** What is to be written over what stands: the parts in which there is news, and then the summary. Pure. */
export function writesOf(
  { set, at, pc, usage, unread, index }: Measured,
  before: ReadonlyMap<string, UsageRecord>,
): readonly (readonly [name: string, record: UsageRecord])[] {
  const { homes, shared, trash, other } = usage
  const parts = DIGITS.flatMap((digit): (readonly [string, UsageRecord])[] => {
    const name = partName(set, digit)
    const now: UsagePart = {
      is: 'part',
      set,
      homes: Object.fromEntries([...homes].filter(([uuid]) => uuid.startsWith(digit))),
    }
    return isNews(before.get(name), now) ? [[name, now]] : []
  })
  const summary: UsageSummary = {
    is: 'set',
    set,
    measured: at.toISOString(),
    ...(pc === undefined ? {} : { pc }),
    homes: sumOf([...homes.values()]),
    shared,
    trash,
    other,
    unread,
    ...(index === undefined ? {} : { index }),
  }
  return [...parts, [summaryName(set), summary]]
}

export const sumOf = (all: readonly Amount[]): Amount => ({
  bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
  files: all.reduce((sum, { files }) => sum + files, 0),
})

function isNews(before: UsageRecord | undefined, now: UsagePart): boolean {
  const known = before?.is === 'part' ? before.homes : {}
  if (before === undefined) return Object.keys(now.homes).length > 0
  const all = new Set([...Object.keys(known), ...Object.keys(now.homes)])
  return [...all].some((uuid) => differs(known[uuid], now.homes[uuid]))
}

function differs(before: Amount | undefined, now: Amount | undefined): boolean {
  if (before === undefined || now === undefined) return true
  const bytes = Math.abs(before.bytes - now.bytes)
  return bytes > Math.max(NEWS.bytes, before.bytes * NEWS.part)
}
