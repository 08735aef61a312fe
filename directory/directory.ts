/**
 * `directory/`: Who is who: LDAP, the identity sync that publishes it to the cluster, and the commands for
 * people and groups.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'ldapts'
import { type Account, type Address, connect, hangUp } from './connect.ts'
import { asDirectoryError, type DirectoryError, isOfConnection } from './errors.ts'

/** A directory to work with: one connection, made when it is first needed and made anew when it is lost. */
export interface Directory {
  readonly url: string
  readonly baseDN: string
  /**
   * Runs a task on the connection. Tasks may run at once. A failure is thrown as a DirectoryError and never
   * repeated here: only the caller knows whether that is safe.
   *
   * @param doing For people, as `reading people`.
   */
  use<T>(doing: string, task: (client: Client) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface DirectoryOptions {
  readonly url: string
  readonly baseDN: string
  /** Asked before each connection, so that a password or an authority that was changed is taken up. */
  readonly reach: () => Promise<{ readonly address: Address; readonly account: Account }>
  /** Milliseconds, only ever growing. */
  readonly now?: () => number
}

/** After a failed connection the next try waits 0.25 s, then twice as long each time, at most 8 s. */
const FIRST_WAIT = 250
const LONGEST_WAIT = 8_000

export function openDirectory(options: DirectoryOptions): Directory {
  const now = options.now ?? (() => performance.now())
  let line: Promise<Client> | undefined
  let failures = 0
  let notBefore = 0

  async function dial(): Promise<Client> {
    const early = notBefore - now()
    if (early > 0) await sleep(early)
    try {
      const { address, account } = await options.reach()
      const client = await connect(address, account)
      failures = 0
      return client
    } catch (error) {
      notBefore = now() + Math.min(FIRST_WAIT * 2 ** failures++, LONGEST_WAIT)
      throw asDirectoryError(error, `preparing to connect to ${options.url}`)
    }
  }

  async function connected(): Promise<Client> {
    const before = line
    const held = await before?.catch(() => undefined)
    if (held?.isBound) return held
    // Somebody else may have begun a new one while this waited.
    if (line === before) line = dial()
    return await (line ?? dial())
  }

  return {
    url: options.url,
    baseDN: options.baseDN,
    async use(doing, task) {
      const client = await connected()
      try {
        return await task(client)
      } catch (error) {
        throw await judged(client, asDirectoryError(error, `${doing} at ${options.url}`))
      }
    },
    async close() {
      const client = await line?.catch(() => undefined)
      line = undefined
      if (client) await hangUp(client)
    },
  }
}

/** Drops a connection that failed: what hangs once is not asked again. */
async function judged(client: Client, error: DirectoryError): Promise<DirectoryError> {
  if (isOfConnection(error)) await hangUp(client)
  return error
}
