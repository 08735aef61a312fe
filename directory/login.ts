import { setTimeout as sleep } from 'node:timers/promises'
import { type Address, connect, hangUp } from './connect.ts'
import type { Directory } from './directory.ts'
import { DirectoryError } from './errors.ts'
import type { Account } from './person.ts'
import { findAccount } from './search.ts'

/**
 * Why somebody was not let in. `refused` is all that a stranger may learn: an unknown login, a wrong password, a
 * locked and an unfit account are told in the same words after the same time.
 */
export type LoginResult = { readonly account: Account } | { readonly refused: string }

export const REFUSED = 'This login and password do not belong together.'

/** Milliseconds that a refusal takes at least: a password is hashed only where the account exists, and that shows. */
export const REFUSAL_TIME = 400

/**
 * Asks the directory whether that is the person's password, by binding as them on a connection of its own.
 *
 * @throws DirectoryError when the directory could not be asked; that is no verdict on the person.
 */
export async function login(
  directory: Directory,
  address: Address,
  name: string,
  password: string,
): Promise<LoginResult> {
  const account = await verify(directory, address, name, password)
  return account ? { account } : { refused: REFUSED }
}

/** Whose password that is; undefined after {@link REFUSAL_TIME}, whatever the reason. */
export async function verify(
  directory: Directory,
  address: Address,
  name: string,
  password: string,
): Promise<Account | undefined> {
  const answerAt = performance.now() + REFUSAL_TIME
  const account = await verified(directory, address, name, password)
  if (!account) await sleep(Math.max(0, answerAt - performance.now()))
  return account
}

async function verified(
  directory: Directory,
  address: Address,
  name: string,
  password: string,
): Promise<Account | undefined> {
  const found = await findAccount(directory, name)
  // A blank password would bind as nobody, and succeed.
  if (!found || 'reason' in found || found.locked || password.trim() === '') return undefined
  try {
    await hangUp(await connect(address, { dn: found.dn, password }))
    return found
  } catch (error) {
    if (error instanceof DirectoryError && error.problem === 'credentialsRefused') return undefined
    throw error
  }
}
