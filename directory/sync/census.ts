import type { Directory } from '../directory.ts'
import type { Finding } from '../findings.ts'
import type { Group } from '../group.ts'
import type { Account } from '../person.ts'
import { callRoll, type Roll } from '../roll.ts'
import { type Read, readAccounts, readGroups } from '../search.ts'

/** Everything the directory holds that matters here, under LDAP's immutable names. */
export interface Census {
  readonly accounts: ReadonlyMap<string, Read<Account>>
  readonly groups: ReadonlyMap<string, Read<Group>>
  /** The latest change seen, as LDAP generalized time; '' in an empty directory. */
  readonly newest: string
  /** How many updates in a row found nothing new. */
  readonly quiet: number
}

/**
 * A change may become visible after a later one, where one member of the directory gets it from another, or two fall
 * into one second: so the last moments are always read again.
 */
const OVERLAP_SECONDS = 5
/** After so many quiet updates only later seconds are asked for: thousands may have been imported in the last one. */
const QUIET = 4

/** Reads everybody. */
export async function takeCensus(directory: Directory): Promise<Census> {
  const [accounts, groups] = await Promise.all([readAccounts(directory), readGroups(directory)])
  return merged({ accounts: new Map(), groups: new Map(), newest: '', quiet: 0 }, accounts, groups)
}

/** Reads what changed since. Who was removed is seen by a full census only. */
export async function updateCensus(
  directory: Directory,
  census: Census,
): Promise<{ readonly census: Census; readonly news: boolean }> {
  if (census.newest === '') return { census: await takeCensus(directory), news: true }
  const since = later(census.newest, census.quiet < QUIET ? -OVERLAP_SECONDS : 1)
  const accounts = await readAccounts(directory, since)
  const groups = await readGroups(directory, since)
  const news =
    accounts.some((one) => census.accounts.get(one.id)?.stamp !== one.stamp) ||
    groups.some((one) => census.groups.get(one.id)?.stamp !== one.stamp)
  return news
    ? { census: merged(census, accounts, groups), news }
    : { census: { ...census, quiet: census.quiet + 1 }, news }
}

/** Who is who by that census, and every finding on the way. */
export function rollOf(census: Census): Roll {
  const accounts = [...census.accounts.values()].map((read) => read.value)
  const groups = [...census.groups.values()].map((read) => read.value)
  const roll = callRoll(accounts.filter(isFit), groups.filter(isFit))
  const unfit = [...accounts, ...groups].filter((value): value is Finding => !isFit(value))
  return { people: roll.people, findings: [...unfit, ...roll.findings] }
}

const isFit = <T extends object>(value: T | Finding): value is T => !('reason' in value)

function merged(census: Census, accounts: readonly Read<Account>[], groups: readonly Read<Group>[]): Census {
  let newest = census.newest
  for (const { modified } of [...accounts, ...groups]) if (modified > newest) newest = modified
  return { accounts: over(census.accounts, accounts), groups: over(census.groups, groups), newest, quiet: 0 }
}

const over = <T>(before: ReadonlyMap<string, Read<T>>, news: readonly Read<T>[]): Map<string, Read<T>> =>
  new Map([...before, ...news.map((one) => [one.id, one] as const)])

/** LDAP generalized time, some seconds later or, negative, earlier; a form other than `YYYYMMDDhhmmss…Z` is returned as it is. */
export function later(time: string, seconds: number): string {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(time)
  if (!parts) return time
  const [year = 0, month = 1, ...rest] = parts.slice(1).map(Number)
  const moment = new Date(Date.UTC(year, month - 1, ...rest) + seconds * 1_000)
  return `${moment.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`
}
