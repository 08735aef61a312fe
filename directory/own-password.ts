import { apply } from './changes.ts'
import { type Address, connect, hangUp } from './connect.ts'
import type { Directory } from './directory.ts'
import { DirectoryError } from './errors.ts'
import { REFUSED, verify } from './login.ts'
import { readPassword } from './password.ts'
import { passwordChange } from './people.ts'
import type { Account } from './person.ts'
import { findAccount } from './search.ts'

/** What became of a new password: taken, or why not, in words for the person. */
export type PasswordResult =
  /** `passwordSet`: as {@link Account} has it. */
  | { readonly changed: true; readonly passwordSet: string | undefined }
  /** The old one is not theirs. */
  | { readonly refused: string }
  /** We or slapd's policy do not take the new one. */
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
  const right = await verify(directory, address, login, before)
  if (!right) return { refused: REFUSED }
  const read = readPassword(after)
  if ('unfit' in read) return read
  const { account } = right
  const own = await connect(address, { dn: account.dn, password: right.password })
  try {
    await apply(own, passwordChange(account.dn, read.password))
    return { changed: true, passwordSet: (await findAgain(directory, login))?.passwordSet }
  } catch (error) {
    if (error instanceof DirectoryError && error.problem === 'policyRefused') {
      return { unfit: reasonIn(error.message, account.dn) }
    }
    throw error
  } finally {
    await hangUp(own)
  }
}

/** The account as it stands now; nothing when the directory does not say, for the password is changed all the same. */
async function findAgain(directory: Directory, login: string): Promise<Account | undefined> {
  const found = await findAccount(directory, login).catch(() => undefined)
  return found && !('reason' in found) ? found : undefined
}

/** The policy's own sentence, without the name of the entry before it and our mend behind it. */
function reasonIn(message: string, dn: string): string {
  const said = message.startsWith(`${dn}: `) ? message.slice(dn.length + 2) : message
  return /^the password [a-z ]+/.exec(said)?.[0] ?? 'the password is not taken'
}
