import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { INGRESS } from '../../config/names.ts'
import { ADMITTED, cookieLine, lasts } from '../session/cookie.ts'
import type { Key } from '../session/keys.ts'
import { opened, sealed } from '../session/sealed.ts'
import type { Admitted } from '../session/session.ts'

/**
 * The way from a session here to a service's own site, which must never see the session's cookie. The site gives the browser a
 * random number (`entering`), and sends it here with the number's digest; here it gets a ticket for that digest, and at the site
 * a ticket and its number become a pass: the cookie of that service alone, which says whose session it goes by.
 */

/** The cookies of a service's site. `__Host-`: no neighbour plants one. */
export const PASS = '__Host-service'
export const ENTERING = '__Host-entering'

/** Ms. For the login in between. */
const ENTERING_LIFE = 10 * 60_000
const TICKET_LIFE = 60_000

const TICKET = 'deskfleet-ticket'
const OF_SERVICE = 'deskfleet-service'
const LONGEST = 4_000

const Ticket = z.object({
  service: z.string(),
  state: z.string(),
  path: z.string(),
  until: z.number(),
  session: ADMITTED,
})
const Pass = z.object({ service: z.string(), session: ADMITTED })

export interface Entry {
  readonly service: string
  /** The digest of the number that the browser was given. */
  readonly state: string
  /** Which page of the site was wanted. */
  readonly path: string
}

/** A new number, its digest, and the `Set-Cookie` of the number. */
export function beginEntering(): { readonly state: string; readonly cookie: string } {
  const number = randomBytes(24).toString('base64url')
  return { state: digest(number), cookie: cookieLine(ENTERING, number, ENTERING_LIFE, 'Lax') }
}

const digest = (number: string): string => createHash('sha256').update(number).digest('base64url')

export const STATE = /^[\w-]{43}$/

/** A path of the service's own site, as it may be led to; undefined for anything else. */
export function pathIn(text: unknown): string | undefined {
  const isPath = typeof text === 'string' && text.length <= 1_500 && /^\/(?![/\\])[!-~]*$/.test(text)
  return isPath && !text.includes('\\') && !text.startsWith(`${INGRESS.path}/`) ? text : undefined
}

export const sealTicket = (entry: Entry, session: Admitted, keys: readonly Key[], now: number) =>
  sealed({ ...entry, session: admitted(session), until: now + TICKET_LIFE }, TICKET, keys, now)

/** Where a ticket leads, and whose it is; undefined when it is none for that service, or not for the browser with that number. */
export async function openTicket(
  text: unknown,
  service: string,
  number: string | undefined,
  keys: readonly Key[],
  now: number,
): Promise<{ readonly path: string; readonly session: Admitted } | undefined> {
  if (typeof text !== 'string' || text.length > LONGEST || number === undefined) return undefined
  const { data } = Ticket.safeParse(await opened(text, TICKET, keys))
  if (data?.service !== service || data.until <= now || !lasts(data.session, now)) return undefined
  const [given, wanted] = [Buffer.from(digest(number)), Buffer.from(data.state)]
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined
  return { path: data.path, session: data.session }
}

/** The `Set-Cookie` of a pass, and of the number that is used up. */
export async function passCookies(
  service: string,
  session: Admitted,
  keys: readonly Key[],
  now: number,
): Promise<string[]> {
  const pass = await sealed({ service, session: admitted(session) }, OF_SERVICE, keys, now)
  return [cookieLine(PASS, pass, session.ends - now, 'Lax'), cookieLine(ENTERING, '', 0, 'Lax')]
}

/** By whose session a pass goes; undefined for whatever is no pass of that service. */
export async function openPass(
  text: string | undefined,
  service: string,
  keys: readonly Key[],
  now: number,
): Promise<Admitted | undefined> {
  if (text === undefined || text.length > LONGEST) return undefined
  const { data } = Pass.safeParse(await opened(text, OF_SERVICE, keys))
  return data?.service === service && lasts(data.session, now) ? data.session : undefined
}

/** The token of forms stays out of what leaves for another site. */
const admitted = (session: Admitted): Admitted => ADMITTED.parse(session)
