import { apply } from './changes.ts'
import { type Address, connect, hangUp } from './connect.ts'
import type { Directory } from './directory.ts'
import { DirectoryError } from './errors.ts'
import { REFUSED, verify } from './login.ts'
import { passwordChange } from './people.ts'

/** What became of a new password: taken, or why not, in words for the person. */
export type PasswordResult =
  | { readonly changed: true }
  /** The old one is not theirs. */
  | { readonly refused: string }
  /** slapd's policy does not take the new one. */
  | { readonly unfit: string }

/**
 * Changes somebody's password as themself: bound by the old one, with no right but the person's own.
 *
 * @throws DirectoryError when the directory could not be asked.
 */
export async function changeOwnPassword(
  directory: Directory,
  address: Address,
  login: string,
  before: string,
  after: string,
): Promise<PasswordResult> {
  const account = await verify(directory, address, login, before)
  if (!account) return { refused: REFUSED }
  const own = await connect(address, { dn: account.dn, password: before })
  try {
    await apply(own, passwordChange(account.dn, after))
    return { changed: true }
  } catch (error) {
    if (error instanceof DirectoryError && error.problem === 'policyRefused') {
      return { unfit: reasonIn(error.message, account.dn) }
    }
    throw error
  } finally {
    await hangUp(own)
  }
}

/** The policy's own sentence, without the name of the entry before it and our mend behind it. */
function reasonIn(message: string, dn: string): string {
  const said = message.startsWith(`${dn}: `) ? message.slice(dn.length + 2) : message
  return /^the password [a-z ]+/.exec(said)?.[0] ?? 'the password is not taken'
}
