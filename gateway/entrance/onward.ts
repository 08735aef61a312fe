import { cookieIn, cookieLine } from '../session/cookie.ts'

/** Where somebody wanted to go who had to log in first: a service. Everybody else goes to their desktop. */

const ONWARD = '__Host-onward'
const LIFE = 10 * 60_000
const PAGE = /^\/services\/[a-z0-9-]{1,40}\?[\w%.~+=&*-]{0,2500}$/

/** The `Set-Cookie` that keeps it during the login; undefined for a page that nobody is led back to. */
export const keepOnward = (page: string): string | undefined =>
  PAGE.test(page) ? cookieLine(ONWARD, Buffer.from(page).toString('base64url'), LIFE) : undefined

export const FORGET_ONWARD = cookieLine(ONWARD, '', 0)

/** The page that was wanted, if there is one. */
export function onwardIn(cookies: string | undefined): string | undefined {
  const page = Buffer.from(cookieIn(cookies, ONWARD) ?? '', 'base64url').toString('latin1')
  return PAGE.test(page) ? page : undefined
}
