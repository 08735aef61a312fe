import {
  AndFilter,
  type Client,
  type Entry,
  EqualityFilter,
  type Filter,
  GreaterThanEqualsFilter,
} from 'ldapts'
import { LOGIN_PATTERN } from '../config/names.ts'
import { pauses } from '../service/steps.ts'
import type { Directory } from './directory.ts'
import { DirectoryError } from './errors.ts'
import type { DirectoryFinding } from './findings.ts'
import { GROUP_ATTRIBUTES, type Group, readGroup } from './group.ts'
import { ACCOUNT_ATTRIBUTES, type Account, readAccount } from './person.ts'

/** An entry as read, under LDAP's immutable name for it, with the stamp that changes whenever it does. */
export interface Read<T> {
  readonly id: string
  readonly stamp: string
  /** LDAP generalized time, as `20261123022139Z`. */
  readonly modified: string
  readonly value: T | DirectoryFinding
}

/** Pages, so that neither slapd nor the event loop is held long by a large room. */
const PAGE = 200

export const peopleDN = (baseDN: string): string => `ou=people,${baseDN}`
export const groupsDN = (baseDN: string): string => `ou=groups,${baseDN}`

/** All accounts, or those changed since a stamp. A result that is cut short throws; there is no partial answer. */
export const readAccounts = (directory: Directory, since?: string): Promise<Read<Account>[]> =>
  directory.use('reading people', (client) =>
    readAll(client, directory.baseDN, 'posixAccount', ACCOUNT_ATTRIBUTES, readAccount, since),
  )

/** All groups, or those changed since a stamp. */
export const readGroups = (directory: Directory, since?: string): Promise<Read<Group>[]> =>
  directory.use('reading groups', (client) =>
    readAll(client, directory.baseDN, 'posixGroup', GROUP_ATTRIBUTES, readGroup, since),
  )

/** The account with that login, a finding when its entry is unfit, undefined when there is none. */
export async function findAccount(
  directory: Directory,
  login: string,
): Promise<Account | DirectoryFinding | undefined> {
  if (!LOGIN_PATTERN.test(login)) return undefined
  return await directory.use(`looking for ${login}`, async (client) => {
    const filter = both(ofClass('posixAccount'), new EqualityFilter({ attribute: 'uid', value: login }))
    const { searchEntries } = await client.search(directory.baseDN, {
      filter,
      attributes: ACCOUNT_ATTRIBUTES,
    })
    if (searchEntries.length > 1)
      throw new DirectoryError('unexpected', `${searchEntries.length} entries are "${login}"`)
    return searchEntries[0] && readAccount(searchEntries[0])
  })
}

/** The group of that name, a finding when it is unfit, undefined when there is none. */
export async function findGroup(
  directory: Directory,
  name: string,
): Promise<Group | DirectoryFinding | undefined> {
  return await directory.use(`looking for the group ${name}`, async (client) => {
    const filter = both(ofClass('posixGroup'), new EqualityFilter({ attribute: 'cn', value: name }))
    const { searchEntries } = await client.search(directory.baseDN, { filter, attributes: GROUP_ATTRIBUTES })
    return searchEntries[0] && readGroup(searchEntries[0])
  })
}

async function readAll<T>(
  client: Client,
  base: string,
  objectClass: string,
  attributes: string[],
  read: (entry: unknown) => T | DirectoryFinding,
  since: string | undefined,
): Promise<Read<T>[]> {
  const recent = since && new GreaterThanEqualsFilter({ attribute: 'modifyTimestamp', value: since })
  const filter = recent ? both(ofClass(objectClass), recent) : ofClass(objectClass)
  return await inTurn(client, async () => {
    const found: Read<T>[] = []
    const pages = client.searchPaginated(base, {
      scope: 'sub',
      filter,
      attributes,
      paged: { pageSize: PAGE },
    })
    const pause = pauses()
    for await (const page of pages) {
      for (const entry of page.searchEntries) {
        found.push(asRead(entry, read(entry)))
        const others = pause()
        if (others) await others
      }
    }
    return found
  })
}

const lastPaging = new WeakMap<Client, Promise<unknown>>()

/** slapd keeps the place of one paged search a connection: a second one beside it makes the first one's cookie invalid. */
async function inTurn<T>(client: Client, search: () => Promise<T>): Promise<T> {
  const before = lastPaging.get(client)
  const turn = (async () => {
    await before?.catch(() => {})
    return await search()
  })()
  lastPaging.set(client, turn)
  return await turn
}

function asRead<T>(entry: Entry, value: T | DirectoryFinding): Read<T> {
  const text = (name: string): string => (typeof entry[name] === 'string' ? entry[name] : '')
  const modified = text('modifyTimestamp')
  return { id: text('entryUUID') || entry.dn, stamp: `${modified} ${text('entryCSN')}`, modified, value }
}

const ofClass = (objectClass: string): Filter =>
  new EqualityFilter({ attribute: 'objectClass', value: objectClass })
const both = (...filters: Filter[]): Filter => new AndFilter({ filters })
