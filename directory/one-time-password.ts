import { apply, type Change } from './changes.ts'
import { type Address, connect, hangUp } from './connect.ts'
import type { Directory } from './directory.ts'
import { DirectoryError } from './errors.ts'
import { generatePassword } from './generated-password.ts'
import { verify } from './login.ts'
import type { Account } from './person.ts'
import { findAccount } from './search.ts'

/**
 * A password with which its person can do nothing but choose another. One change, since a new password without the mark
 * takes the mark away; a plain write, which a password that is made up here cannot mislead (password-modify.ts).
 */
export const oneTimeChange = (dn: string, password: string): Change => ({
  kind: 'modify',
  dn,
  edits: [
    { operation: 'replace', attribute: 'userPassword', values: [password] },
    { operation: 'replace', attribute: 'pwdReset', values: ['TRUE'] },
  ],
})

/** What became of it: the password to be told, or who stands in the way. */
export type GivingResult =
  | { readonly given: string; readonly account: Account }
  /** `helper`: their own password is not theirs. `nobody`: there is no such person. `notAllowed`: slapd does not let them. */
  | { readonly refused: 'helper' | 'nobody' | 'notAllowed' }

/**
 * Gives somebody a one-time password as a helper, bound by the helper's own: slapd judges whether they may, and nobody
 * between here and there has a right of that kind.
 *
 * @param directory Finds both; it has no right to write.
 * @throws DirectoryError when the directory could not be asked.
 */
export async function giveOneTimePassword(
  directory: Directory,
  address: Address,
  helper: { readonly login: string; readonly password: string },
  login: string,
): Promise<GivingResult> {
  const right = await verify(directory, address, helper.login, helper.password)
  if (!right) return { refused: 'helper' }
  const account = await findAccount(directory, login)
  if (!account || 'reason' in account) return { refused: 'nobody' }
  const password = generatePassword()
  const own = await connect(address, { dn: right.account.dn, password: right.password })
  try {
    await apply(own, oneTimeChange(account.dn, password))
    return { given: password, account }
  } catch (error) {
    if (error instanceof DirectoryError && error.problem === 'notAllowed') return { refused: 'notAllowed' }
    throw error
  } finally {
    await hangUp(own)
  }
}
