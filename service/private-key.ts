import { Decrypter } from 'age-encryption'

/**
 * What opens files that age encrypted for one of these keys.
 *
 * @param text of a private key's file; lines that begin with # are passed over
 * @returns undefined where no private key is in it
 */
export function decrypterWith(text: string): Decrypter | undefined {
  const keys = text.split(/\s*\n\s*/).filter((line) => line.trim() && !line.startsWith('#'))
  const decrypter = new Decrypter()
  try {
    for (const key of keys) decrypter.addIdentity(key.trim())
  } catch {
    return undefined
  }
  return keys.length === 0 ? undefined : decrypter
}
