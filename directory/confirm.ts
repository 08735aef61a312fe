import { setTimeout as sleep } from 'node:timers/promises'
import type { Directory } from './directory.ts'
import { DirectoryError } from './errors.ts'
import { readStamps } from './read-stamps.ts'
import { hasAll } from './stamps.ts'

/**
 * Resolves when what was written until now is on a second server, so that it outlives the first.
 *
 * @param what What was written, for people, as `ada is added`.
 * @throws DirectoryError `unconfirmed`
 */
export type Confirm = (what: string) => Promise<void>

/** Where one server does all, there is nobody to ask. */
export const asWritten: Confirm = async () => {}

/** Ms that a second server has; a change takes a few. */
const PATIENCE = 10_000
const PAUSE = 100

/** Asks the other servers, all at once, until the first of them has it. */
export function confirmBy(writer: Directory, others: readonly Directory[], patience = PATIENCE): Confirm {
  if (others.length === 0) return asWritten
  return async (what) => {
    const written = await writer.use('asking what was written', (client) => readStamps(client, writer.baseDN))
    const stop = new AbortController()
    const has = async (other: Directory): Promise<void> => {
      while (!stop.signal.aborted) {
        const theirs = await other
          .use('asking whether it has what was written', (client) => readStamps(client, other.baseDN))
          .catch(() => undefined)
        if (theirs && hasAll(theirs, written)) return
        await sleep(PAUSE)
      }
      throw new Error('too late')
    }
    const late = sleep(patience, undefined, { signal: stop.signal }).then(() => {
      throw new Error('too late')
    })
    try {
      await Promise.race([Promise.any(others.map(has)), late])
    } catch {
      throw new DirectoryError('unconfirmed', `${what}, but no second server has that yet`)
    } finally {
      stop.abort()
      late.catch(() => {})
    }
  }
}
