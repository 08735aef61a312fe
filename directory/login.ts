import { setTimeout as sleep } from 'node:timers/promises'
import { type Address, connect, hangUp } from './connect.ts'
import type { Directory } from './directory.ts'
import { DirectoryError } from './errors.ts'
import { formsToTry } from './password.ts'
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
  const right = await verify(directory, address, name, password)
  return right ? { account: right.account } : { refused: REFUSED }
}

/** Whose password that is, and the form that is theirs; undefined after {@link REFUSAL_TIME}, whatever the reason. */
export async function verify(
  directory: Directory,
  address: Address,
  name: string,
  password: string,
): Promise<Right | undefined> {
  const answerAt = performance.now() + REFUSAL_TIME
  const right = await verified(directory, address, name, password)
  if (!right) await sleep(Math.max(0, answerAt - performance.now()))
  return right
}

/** A password that is somebody's, in the form that the directory has. */
interface Right {
  readonly account: Account
  readonly password: string
}

/** Once more where the connection failed: it may have led to a server whose PC has just died. */
async function findAtAny(directory: Directory, name: string): ReturnType<typeof findAccount> {
  try {
    return await findAccount(directory, name)
  } catch (error) {
    if (error instanceof DirectoryError && ['unreachable', 'timedOut'].includes(error.problem))
      return await findAccount(directory, name)
    throw error
  }
}

async function verified(
  directory: Directory,
  address: Address,
  name: string,
  given: string,
): Promise<Right | undefined> {
  const account = await findAtAny(directory, name)
  if (!account || 'reason' in account || account.locked) return undefined
  for (const password of formsToTry(given)) {
    try {
      await hangUp(await connect(address, { dn: account.dn, password }))
      return { account, password }
    } catch (error) {
      if (!(error instanceof DirectoryError && error.problem === 'credentialsRefused')) throw error
    }
  }
  return undefined
}
