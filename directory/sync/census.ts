import { finish, givingWay, type Steps } from '../../service/steps.ts'
import type { Directory } from '../directory.ts'
import type { DirectoryFinding } from '../findings.ts'
import { type Group, normalDN } from '../group.ts'
import type { Account } from '../person.ts'
import { callRollInSteps, type Roll } from '../roll.ts'
import { type Read, readAccounts, readGroups } from '../search.ts'

/** Everything the directory holds that matters here, under LDAP's immutable names. */
export interface Census {
  readonly accounts: ReadonlyMap<string, Read<Account>>
  readonly groups: ReadonlyMap<string, Read<Group>>
  /**
   * DNs that renamed accounts had before, normalised, to the account's immutable name. Groups go on listing them for a
   * while: slapd mends their members later, and without a new stamp.
   */
  readonly formerDNs: ReadonlyMap<string, string>
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

const NOBODY: Census = {
  accounts: new Map(),
  groups: new Map(),
  formerDNs: new Map(),
  newest: '',
  quiet: 0,
}

/** Reads everybody. The census before, where there is one, tells who was renamed since. */
export async function takeCensus(directory: Directory, before: Census = NOBODY): Promise<Census> {
  const [accounts, groups] = await Promise.all([readAccounts(directory), readGroups(directory)])
  return await givingWay(followRenamesInSteps(before, merged(NOBODY, accounts, groups)))
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
    ? { census: await givingWay(followRenamesInSteps(census, merged(census, accounts, groups))), news }
    : { census: { ...census, quiet: census.quiet + 1 }, news }
}

/** Who is who by that census, and every finding on the way. */
export const rollOf = (census: Census): Roll => finish(rollInSteps(census))

/** The same in steps, for who has others to answer meanwhile. */
export function* rollInSteps(census: Census): Steps<Roll> {
  const accounts = [...census.accounts.values()].map((read) => read.value)
  const groups = [...census.groups.values()].map((read) => read.value)
  const members = withFormerDNs(census)
  const roll = yield* callRollInSteps(accounts.filter(isFit), groups.filter(isFit).map(members))
  const unfit = [...accounts, ...groups].filter((value): value is DirectoryFinding => !isFit(value))
  return { people: roll.people, findings: [...unfit, ...roll.findings] }
}

const isFit = <T extends object>(value: T | DirectoryFinding): value is T => !('reason' in value)

/** Keeps the earlier DNs of renamed accounts, as long as a group lists them and nobody else bears them. */
export const followRenames = (before: Census, now: Census): Census =>
  finish(followRenamesInSteps(before, now))

function* followRenamesInSteps(before: Census, now: Census): Steps<Census> {
  const former = new Map(before.formerDNs)
  for (const [id, { value }] of now.accounts) {
    const earlier = before.accounts.get(id)?.value
    if (!earlier || !isFit(earlier) || !isFit(value)) continue
    const dn = normalDN(earlier.dn)
    if (dn !== normalDN(value.dn)) former.set(dn, id)
    yield
  }
  if (former.size === 0) return { ...now, formerDNs: former }
  const borne = new Set<string>()
  for (const { value } of now.accounts.values()) {
    if (isFit(value)) borne.add(normalDN(value.dn))
    yield
  }
  const groups = [...now.groups.values()].flatMap(({ value }) => (isFit(value) ? [value] : []))
  const isListed = (dn: string): boolean => groups.some(({ members }) => members.has(dn))
  const kept = [...former].filter(([dn, id]) => !borne.has(dn) && now.accounts.has(id) && isListed(dn))
  return { ...now, formerDNs: new Map(kept) }
}

/** A group in which whoever is listed by an earlier DN is a member by the present one. */
function withFormerDNs({ accounts, formerDNs }: Census): (group: Group) => Group {
  return (group) => {
    const renamed = [...formerDNs].flatMap(([dn, id]) => {
      const account = accounts.get(id)?.value
      return group.members.has(dn) && account && isFit(account) ? normalDN(account.dn) : []
    })
    return renamed.length === 0 ? group : { ...group, members: new Set([...group.members, ...renamed]) }
  }
}

function merged(census: Census, accounts: readonly Read<Account>[], groups: readonly Read<Group>[]): Census {
  let newest = census.newest
  for (const read of [accounts, groups])
    for (const { modified } of read) if (modified > newest) newest = modified
  return {
    ...census,
    accounts: over(census.accounts, accounts),
    groups: over(census.groups, groups),
    newest,
    quiet: 0,
  }
}

function over<T>(before: ReadonlyMap<string, Read<T>>, news: readonly Read<T>[]): Map<string, Read<T>> {
  const all = new Map(before)
  for (const one of news) all.set(one.id, one)
  return all
}

/** LDAP generalized time, some seconds later or, negative, earlier; a form other than `YYYYMMDDhhmmss…Z` is returned as it is. */
export function later(time: string, seconds: number): string {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(time)
  if (!parts) return time
  const [year = 0, month = 1, ...rest] = parts.slice(1).map(Number)
  const moment = new Date(Date.UTC(year, month - 1, ...rest) + seconds * 1_000)
  return `${moment.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`
}
