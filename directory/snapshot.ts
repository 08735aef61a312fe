import { type Client, type Entry, PresenceFilter } from 'ldapts'
import type { Directory } from './directory.ts'
import { DirectoryError } from './errors.ts'
import type { LdifEntry } from './ldif.ts'
import { readStamps } from './read-stamps.ts'
import { hasAll, type Stamps } from './stamps.ts'

/** All of a directory at one moment. */
export interface Snapshot {
  /** Every entry but the directory's own accounts, whose passwords are of the cluster's Secrets. */
  readonly entries: readonly LdifEntry[]
  readonly stamps: Stamps
}

/** What slapd works out when it is asked, or keeps for itself. */
const WORKED_OUT = new Set([
  'entrydn',
  'subschemasubentry',
  'hassubordinates',
  'memberof',
  'contextcsn',
  '*',
  '+',
])

const PAGE = 500
/** Times that it is read again because somebody wrote meanwhile. */
const TRIES = 5

/**
 * Reads everything, as an account that may. What was read is of one moment, since nobody wrote from before the first page
 * until after the last one; else it is read again.
 *
 * @param pageSize Entries that slapd gives at once.
 * @throws DirectoryError; `superseded` when somebody wrote each time.
 */
export async function takeSnapshot(directory: Directory, pageSize = PAGE): Promise<Snapshot> {
  const { baseDN } = directory
  return await directory.use('reading everything', async (client) => {
    for (let tries = 0; tries < TRIES; tries++) {
      const stamps = await readStamps(client, baseDN)
      const { names, count } = await outline(client, baseDN, pageSize)
      const all = await readAll(client, baseDN, pageSize, names)
      if (!same(stamps, await readStamps(client, baseDN))) continue
      if (all.length !== count)
        throw new DirectoryError('truncated', `${count} entries are there, and ${all.length} were read`)
      return { entries: all.filter(isNoAccount(baseDN)), stamps }
    }
    throw new DirectoryError(
      'superseded',
      `somebody wrote each of the ${TRIES} times that everything was read`,
    )
  })
}

const same = (one: Stamps, other: Stamps): boolean => hasAll(one, other) && hasAll(other, one)

/** How many entries there are, and which attributes: ldapts gives bytes for those that it is told of by name alone. */
async function outline(
  client: Client,
  baseDN: string,
  pageSize: number,
): Promise<{ names: string[]; count: number }> {
  const names = new Set<string>()
  let count = 0
  for await (const { dn: _, ...entry } of pages(client, baseDN, pageSize, { returnAttributeValues: false })) {
    count++
    for (const name of Object.keys(entry)) names.add(name)
  }
  return { names: [...names], count }
}

async function readAll(
  client: Client,
  baseDN: string,
  pageSize: number,
  names: string[],
): Promise<LdifEntry[]> {
  const entries: LdifEntry[] = []
  for await (const entry of pages(client, baseDN, pageSize, { explicitBufferAttributes: names }))
    entries.push(asLdif(entry))
  return entries
}

function isNoAccount(baseDN: string): (entry: LdifEntry) => boolean {
  const own = new Set(['admin', 'reader', 'replica'].map((name) => `cn=${name},${baseDN}`.toLowerCase()))
  return ({ dn }) => !own.has(dn.toLowerCase())
}

async function* pages(
  client: Client,
  baseDN: string,
  pageSize: number,
  how: { readonly returnAttributeValues?: boolean; readonly explicitBufferAttributes?: string[] },
): AsyncGenerator<Entry> {
  const found = client.searchPaginated(baseDN, {
    scope: 'sub',
    filter: new PresenceFilter({ attribute: 'objectClass' }),
    attributes: ['*', '+'],
    paged: { pageSize },
    ...how,
  })
  for await (const { searchEntries } of found) yield* searchEntries
}

function asLdif({ dn, ...found }: Entry): LdifEntry {
  const attributes = Object.entries(found)
    .filter(([name]) => !WORKED_OUT.has(name.toLowerCase()))
    .map(([name, values]) => [name, [values].flat().map((value) => Buffer.from(value))] as const)
  return { dn, attributes: new Map(attributes) }
}
