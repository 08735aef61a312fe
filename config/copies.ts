import { bech32 } from '@scure/base'
import { z } from 'zod'
import { says, section, wholeNumber } from './fields.ts'
import type { Finding } from './findings.ts'
import type { Locate } from './source.ts'

/** For whom copies are encrypted: a public key of age, X25519. A mistyped one has a wrong checksum. */
export function isRecipient(text: string): boolean {
  const decoded = bech32.decodeUnsafe(text)
  return decoded?.prefix === 'age' && bech32.fromWordsUnsafe(decoded.words)?.length === 32
}

/** For whom: as that command prints them. */
export const recipientsOf = (command: string) =>
  z
    .array(
      z
        .string()
        .refine(
          isRecipient,
          says(
            `it must be a public key as "npx ${command}" prints it, letter by letter`,
            'copy the line that begins with age1 again; the private key never stands here',
          ),
        ),
      says('it must be a list of public keys', `write a list such as [age1…], as "${command}" prints it`),
    )
    .max(8, says('eight keys are the most', 'delete some'))
    .default([])

export const copies = section('ldap.copies', {
  recipients: recipientsOf('deskfleet directory key').describe(
    'Public keys for which each night a copy of the directory is encrypted (storage.kind: path). Any one of the private keys opens it; without a key no copy is made. docs/copies.md.',
  ),
  hour: wholeNumber(0, 23)
    .default(2)
    .describe('The hour at which the copy is made, in `desktops.timeZone`; one that was missed is made up.'),
}).prefault({})

export type Copies = z.output<typeof copies>

/** Where copies could be made and are not, or are wanted and cannot be. */
export function copyFindings({ recipients }: Copies, kind: string, where: Locate): Finding[] {
  if (kind === 'path' && recipients.length === 0)
    return [
      {
        severity: 'warning',
        where: where(['ldap']),
        what: 'ldap.copies.recipients names no key, so nobody copies the directory',
        rule: 'when its disk is lost, all people, passwords and uids are',
        mend: 'run "npx deskfleet directory key FILE" and write down the public key it prints: docs/copies.md',
      },
    ]
  if (kind !== 'path' && recipients.length > 0)
    return [
      {
        severity: 'warning',
        where: where(['ldap', 'copies', 'recipients']),
        what: `ldap.copies.recipients names keys, and storage.kind is ${kind}`,
        rule: 'copies lie in the storage directory, which is there with storage.kind: path alone',
        mend: 'until then make them by "npx deskfleet directory copy", from a machine of yours: docs/copies.md',
      },
    ]
  return []
}
