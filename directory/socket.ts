import { connect } from 'node:net'
import { Attribute, Change, Client } from 'ldapts'
import { asDirectoryError } from './errors.ts'

const DATA = 'olcDatabase={1}mdb,cn=config'
const TAKES_WRITES = 'olcMultiProvider'
const CONSUMERS = 'olcSyncrepl'
const AUTHORITIES = 'olcTLSCACertificateFile'

/** slapd's own socket. Whoever runs as the same user is its root there; no password exists. */
async function onSocket<T>(socket: string, doing: string, task: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    url: 'ldap://localhost',
    createConnection: () => connect(socket),
    connectTimeout: 2_000,
    timeout: 5_000,
  })
  try {
    await client.bind('EXTERNAL')
    return await task(client)
  } catch (error) {
    throw asDirectoryError(error, `${doing} at ${socket}`)
  } finally {
    await client.unbind().catch(() => {})
  }
}

const replace = (type: string, ...values: readonly string[]): Change =>
  new Change({ operation: 'replace', modification: new Attribute({ type, values: [...values] }) })

/**
 * Tells slapd whether it is the one of several that takes writes, where that is news to it. A server that takes none is
 * still written to by what it reads from the others.
 *
 * @returns whether it was news
 * @throws DirectoryError
 */
export const takeWrites = (socket: string, takes: boolean): Promise<boolean> =>
  onSocket(socket, 'telling slapd whether it writes', async (client) => {
    const wanted = takes ? 'TRUE' : 'FALSE'
    const { searchEntries } = await client.search(DATA, { scope: 'base', attributes: [TAKES_WRITES] })
    if (searchEntries[0]?.[TAKES_WRITES] === wanted) return false
    await client.modify(DATA, replace(TAKES_WRITES, wanted))
    return true
  })

/**
 * Lets slapd check the others by the authorities that it trusts now. It reads those once for each of the others, and
 * would go on with them for as long as it runs; told of the others anew, it reads them again. In the same change it is
 * told whether it takes writes, for nobody else may say so in between.
 *
 * @returns whether it was news
 * @throws DirectoryError
 */
export const trustAnew = (socket: string, takes: boolean): Promise<boolean> =>
  onSocket(socket, 'telling slapd whom it may trust', async (client) => {
    const read = async (base: string, attribute: string): Promise<string[]> => {
      const { searchEntries } = await client.search(base, { scope: 'base', attributes: [attribute] })
      return [searchEntries[0]?.[attribute] ?? []].flat().map(String)
    }
    const [authorities = ''] = await read('cn=config', AUTHORITIES)
    const consumers = await read(DATA, CONSUMERS)
    const wanted = consumers.map((consumer) => trusting(consumer, authorities))
    if (authorities === '' || wanted.join() === consumers.join()) return false
    const unnumbered = wanted.map((consumer) => consumer.replace(/^\{\d+\}/, ''))
    await client.modify(DATA, [
      replace(CONSUMERS, ...unnumbered),
      replace(TAKES_WRITES, takes ? 'TRUE' : 'FALSE'),
    ])
    return true
  })

const trusting = (consumer: string, authorities: string): string =>
  consumer.replace(/(?<=\btls_cacert=)"?[^\s"]+"?/, () => authorities)

/**
 * The first write to an empty directory: from then on a server that lacks it is known to have lost what it had.
 *
 * @throws DirectoryError
 */
export const begin = (socket: string, baseDN: string): Promise<void> =>
  onSocket(socket, 'beginning the directory', (client) =>
    client.modify(baseDN, replace('description', 'The people of this room')),
  )
