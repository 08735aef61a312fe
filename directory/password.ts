/**
 * What a password may be, and its one form: the same text typed on two keyboards may be two sequences of code points.
 * After RFC 8265, OpaqueString.
 */

/** Characters, not bytes: five umlauts are five. slapd's own policy counts bytes, and is for whoever asks it directly. */
export const SHORTEST_PASSWORD = 10
export const LONGEST_PASSWORD = 256

/** The form in which a password is set and compared: every space is the plain one, every character composed. */
export const canonical = (password: string): string => password.replace(/\p{Zs}/gu, ' ').normalize('NFC')

/** The password as it is to be set; or why it cannot be, in words for the person. */
export function readPassword(given: string): { readonly password: string } | { readonly unfit: string } {
  const password = canonical(given)
  const { length } = [...password]
  if (password.trim() === '') return { unfit: 'it is blank' }
  if (/[\p{Cc}\p{Cs}]/u.test(password)) return { unfit: 'it holds a character that no key types' }
  if (length < SHORTEST_PASSWORD)
    return { unfit: `it is too short, with ${length} characters instead of ${SHORTEST_PASSWORD}` }
  if (length > LONGEST_PASSWORD)
    return { unfit: `it is too long, with ${length} characters instead of at most ${LONGEST_PASSWORD}` }
  return { password }
}

/**
 * The forms to try when somebody logs in: the canonical one, and what they typed, since a password that another tool set
 * may have any form. None for a text that is nobody's.
 */
export function formsToTry(given: string): readonly string[] {
  const form = canonical(given)
  // A blank password would bind as nobody, and succeed.
  if (form.trim() === '' || [...form].length > LONGEST_PASSWORD) return []
  return [...new Set([form, given])]
}
