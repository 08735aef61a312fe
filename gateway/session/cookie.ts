import { z } from 'zod'
import type { Key } from './keys.ts'
import { opened, sealed } from './sealed.ts'
import { type Admitted, SESSION_LIFE, type Session } from './session.ts'

/** `__Host-`: set by this host alone, over HTTPS alone, for the whole host; no neighbour in the domain can plant one. */
export const COOKIE = '__Host-desk'

const AUDIENCE = 'deskfleet-session'
/** A sealed session is some 600 bytes; more is none of ours. */
const LONGEST = 2_000

/** What is sealed of a session, whatever it is shown to. */
export const ADMITTED = z.object({
  id: z.string().min(1),
  slug: z.string().min(1),
  login: z.string().min(1),
  name: z.string(),
  entryUUID: z.string().min(1),
  passwordSet: z.string().exactOptional(),
  early: z.literal(true).exactOptional(),
  began: z.number(),
  ends: z.number(),
})

const Claims = ADMITTED.extend({ formToken: z.string().min(1) })

/** A session as text for the cookie. */
export const seal = (session: Session, keys: readonly Key[], now: number): Promise<string> =>
  sealed({ ...session }, AUDIENCE, keys, now)

/** The session in a cookie's value; undefined for whatever was not sealed by a key that we hold, or has ended. */
export async function unseal(text: string, keys: readonly Key[], now: number): Promise<Session | undefined> {
  if (text.length > LONGEST) return undefined
  const { data: session } = Claims.safeParse(await opened(text, AUDIENCE, keys))
  return session && lasts(session, now) ? session : undefined
}

export const lasts = ({ began, ends }: Admitted, now: number): boolean =>
  ends > now && ends - began <= SESSION_LIFE

/** What the browser is told to keep: until it is closed, ten hours at most. */
export const setCookie = (text: string): string => cookieLine(COOKIE, text, SESSION_LIFE)

export const CLEAR_COOKIE = cookieLine(COOKIE, '', 0)

/**
 * A `Set-Cookie` that no script reads; `life` in ms. `Strict`: no other site sends it. `Lax`: it is sent when somebody follows a
 * link of another site.
 */
export function cookieLine(
  name: string,
  value: string,
  life: number,
  sameSite: 'Strict' | 'Lax' = 'Strict',
): string {
  return `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=${sameSite}; Max-Age=${life / 1000}`
}

/** The one value of our cookie in a request; none when it comes twice, for then somebody planted one. */
export function cookieIn(header: string | undefined, name = COOKIE): string | undefined {
  const found = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
  return found.length === 1 ? found[0]?.slice(name.length + 1) : undefined
}
