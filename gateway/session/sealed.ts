import { EncryptJWT, type JWTPayload, jwtDecrypt } from 'jose'
import { type Key, sealingKey } from './keys.ts'

const HEAD = { alg: 'dir', enc: 'A256GCM' } as const

/** Claims as text for a cookie: encrypted and authenticated (JWE, A256GCM), under the name of their key. */
export async function sealed(
  claims: JWTPayload,
  audience: string,
  keys: readonly Key[],
  now: number,
): Promise<string> {
  const key = sealingKey(keys, now)
  if (!key) throw new Error(`there is no key for ${audience} yet`)
  return await new EncryptJWT(claims)
    .setProtectedHeader({ ...HEAD, kid: key.id })
    .setAudience(audience)
    .encrypt(key.bytes)
}

/** The claims in a cookie's value; undefined for whatever was not sealed for that audience by a key that we hold. */
export async function opened(text: string, audience: string, keys: readonly Key[]): Promise<unknown> {
  try {
    const { payload } = await jwtDecrypt(
      text,
      ({ kid }) => {
        const key = keys.find(({ id }) => id === kid)
        if (!key) throw new Error('no such key')
        return key.bytes
      },
      { audience, keyManagementAlgorithms: [HEAD.alg], contentEncryptionAlgorithms: [HEAD.enc] },
    )
    return payload
  } catch {
    return undefined
  }
}
