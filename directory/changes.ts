import { Attribute, type Client, Change as LdapChange, PasswordPolicyControl } from 'ldapts'
import { asDirectoryError, DirectoryError } from './errors.ts'
import { PASSWORD_MODIFY, passwordModify } from './password-modify.ts'

type Values = Readonly<Record<string, readonly string[]>>

/** One write to the directory, as a value: shown by `--dry-run`, done by {@link apply}. */
export type Change =
  | { readonly kind: 'add'; readonly dn: string; readonly attributes: Values }
  | { readonly kind: 'modify'; readonly dn: string; readonly edits: readonly Edit[] }
  | { readonly kind: 'delete'; readonly dn: string }
  /** In clear: slapd's policy judges it, and slapd hashes it. */
  | { readonly kind: 'password'; readonly dn: string; readonly password: string }

/** One step of a modification; slapd does all steps of one change or none. */
export interface Edit {
  readonly operation: 'add' | 'delete' | 'replace'
  readonly attribute: string
  readonly values: readonly string[]
}

/** What the password policy says by number (draft-behera-ldap-password-policy), in people's words. */
const POLICY: Readonly<Record<number, string>> = {
  3: 'the password may not be changed',
  5: 'the password is too simple',
  6: 'the password is too short',
  7: 'the password was changed too recently',
  8: 'the password was used before',
}

/** The policy cannot judge what may be a hash, and takes every known scheme for one. */
function reasonOf(code: number | undefined, change: Change): string | undefined {
  const looksHashed = change.kind === 'password' && /^\{[^{}]+\}/.test(change.password)
  if (code === 5 && looksHashed) return 'the password begins like one that is hashed already'
  return POLICY[code ?? -1]
}

/** @throws DirectoryError */
export async function apply(client: Client, change: Change): Promise<void> {
  const policy = new PasswordPolicyControl()
  try {
    if (change.kind === 'add') {
      const attributes = Object.entries(change.attributes).map(
        ([type, values]) => new Attribute({ type, values: [...values] }),
      )
      await client.add(change.dn, attributes, policy)
    } else if (change.kind === 'delete') {
      await client.del(change.dn)
    } else if (change.kind === 'password') {
      await client.exop(PASSWORD_MODIFY, passwordModify(change.dn, change.password), policy)
    } else {
      await client.modify(change.dn, change.edits.map(asLdap), policy)
    }
  } catch (error) {
    const reason = reasonOf(policy.value?.error, change)
    if (reason)
      throw new DirectoryError('policyRefused', `${change.dn}: ${reason}`, 'choose a longer or a new one')
    throw asDirectoryError(error, `changing ${change.dn}`)
  }
}

const asLdap = ({ operation, attribute, values }: Edit): LdapChange =>
  new LdapChange({ operation, modification: new Attribute({ type: attribute, values: [...values] }) })

/** Attributes that are never shown. */
const SECRET = new Set(['userpassword'])

/** A change as LDIF says it, for people to read: secrets are masked and nothing is encoded. */
export function describe(change: Change): string {
  const shown = (attribute: string, values: readonly string[]): string[] =>
    values.map((value) => `${attribute}: ${SECRET.has(attribute.toLowerCase()) ? '(not shown)' : value}`)
  const steps = (edits: readonly Edit[]): string[] =>
    edits.flatMap(({ operation, attribute, values }) => [
      `${operation}: ${attribute}`,
      ...shown(attribute, values),
      '-',
    ])
  const told = (kind: string, ...body: string[]): string =>
    [`dn: ${change.dn}`, `changetype: ${kind}`, ...body, ''].join('\n')
  if (change.kind === 'delete') return told('delete')
  if (change.kind === 'modify') return told('modify', ...steps(change.edits))
  if (change.kind === 'password')
    return told('modify', ...steps([{ operation: 'replace', attribute: 'userPassword', values: [''] }]))
  return told('add', ...Object.entries(change.attributes).flatMap(([type, values]) => shown(type, values)))
}
