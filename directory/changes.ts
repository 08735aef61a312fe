import { Attribute, type Client, Change as LdapChange, PasswordPolicyControl } from 'ldapts'
import { asDirectoryError, DirectoryError } from './errors.ts'

type Values = Readonly<Record<string, readonly string[]>>

/** One write to the directory, as a value: shown by `--dry-run`, done by {@link apply}. */
export type Change =
  | { readonly kind: 'add'; readonly dn: string; readonly attributes: Values }
  | { readonly kind: 'modify'; readonly dn: string; readonly edits: readonly Edit[] }

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

/** @throws DirectoryError */
export async function apply(client: Client, change: Change): Promise<void> {
  const policy = new PasswordPolicyControl()
  try {
    if (change.kind === 'add') {
      const attributes = Object.entries(change.attributes).map(
        ([type, values]) => new Attribute({ type, values: [...values] }),
      )
      await client.add(change.dn, attributes, policy)
    } else {
      await client.modify(change.dn, change.edits.map(asLdap), policy)
    }
  } catch (error) {
    const reason = POLICY[policy.value?.error ?? -1]
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
  const head = [`dn: ${change.dn}`, `changetype: ${change.kind}`]
  const body =
    change.kind === 'add'
      ? Object.entries(change.attributes).flatMap(([attribute, values]) => shown(attribute, values))
      : change.edits.flatMap(({ operation, attribute, values }) => [
          `${operation}: ${attribute}`,
          ...shown(attribute, values),
          '-',
        ])
  return [...head, ...body, ''].join('\n')
}
