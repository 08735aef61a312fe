import { randomBytes } from 'node:crypto'

/** Who is logged in, as their sealed cookie says it. Times in ms since the epoch. */
export interface Session {
  /** Different for every login; what is revoked at log-out. */
  readonly id: string
  readonly slug: string
  readonly login: string
  /** How people call them. */
  readonly name: string
  /** LDAP's immutable name of the person: somebody later with the same login is somebody else. */
  readonly entryUUID: string
  /** Every form carries it back: a page of another origin cannot know it. */
  readonly formToken: string
  readonly began: number
  readonly ends: number
}

/** A session lasts a working day and no longer, however busy it is. */
export const SESSION_LIFE = 10 * 60 * 60 * 1000

/** A new session, at a login. */
export function newSession(
  person: Pick<Session, 'slug' | 'login' | 'name' | 'entryUUID'>,
  now: number,
): Session {
  return {
    ...person,
    id: randomBytes(16).toString('base64url'),
    formToken: randomBytes(24).toString('base64url'),
    began: now,
    ends: now + SESSION_LIFE,
  }
}
