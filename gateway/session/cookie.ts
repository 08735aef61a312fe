import { EncryptJWT, jwtDecrypt } from 'jose'
import { z } from 'zod'
import { type Key, sealingKey } from './keys.ts'
import { SESSION_LIFE, type Session } from './session.ts'

/** `__Host-`: set by this host alone, over HTTPS alone, for the whole host; no neighbour in the domain can plant one. */
export const COOKIE = '__Host-desk'

const AUDIENCE = 'deskfleet-session'
const HEAD = { alg: 'dir', enc: 'A256GCM' } as const
/** A sealed session is some 600 bytes; more is none of ours. */
const LONGEST = 2_000

const Claims = z.object({
  id: z.string().min(1),
  slug: z.string().min(1),
  login: z.string().min(1),
  name: z.string(),
  entryUUID: z.string().min(1),
  formToken: z.string().min(1),
  began: z.number(),
  ends: z.number(),
})

/** A session as text for the cookie: encrypted and authenticated (JWE, A256GCM), under the name of its key. */
export async function seal(session: Session, keys: readonly Key[], now: number): Promise<string> {
  const key = sealingKey(keys, now)
  if (!key) throw new Error('there is no key for sessions yet')
  return await new EncryptJWT({ ...session })
    .setProtectedHeader({ ...HEAD, kid: key.id })
    .setAudience(AUDIENCE)
    .encrypt(key.bytes)
}

/** The session in a cookie's value; undefined for whatever was not sealed by a key that we hold, or has ended. */
export async function unseal(text: string, keys: readonly Key[], now: number): Promise<Session | undefined> {
  if (text.length > LONGEST) return undefined
  try {
    const { payload } = await jwtDecrypt(
      text,
      ({ kid }) => {
        const key = keys.find(({ id }) => id === kid)
        if (!key) throw new Error('no such key')
        return key.bytes
      },
      {
        audience: AUDIENCE,
        keyManagementAlgorithms: [HEAD.alg],
        contentEncryptionAlgorithms: [HEAD.enc],
      },
    )
    const session = Claims.parse(payload)
    const lasts = session.ends > now && session.ends - session.began <= SESSION_LIFE
    return lasts ? session : undefined
  } catch {
    return undefined
  }
}

/** What the browser is told to keep: until it is closed, ten hours at most. */
export const setCookie = (sealed: string): string =>
  `${COOKIE}=${sealed}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=${SESSION_LIFE / 1000}`

export const CLEAR_COOKIE = `${COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0`

/** The one value of our cookie in a request; none when it comes twice, for then somebody planted one. */
export function cookieIn(header: string | undefined): string | undefined {
  const found = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${COOKIE}=`))
  return found.length === 1 ? found[0]?.slice(COOKIE.length + 1) : undefined
}
