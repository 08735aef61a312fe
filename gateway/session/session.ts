import { createHash, randomBytes } from 'node:crypto'

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
  /** When the password was set that they logged in with; '' where the directory told of none. Older sessions lack it. */
  readonly passwordSet?: string
  /** They logged in before the cluster knew them: until it does, they are told to wait and not to log in. */
  readonly early?: true
  /** Every form carries it back: a page of another origin cannot know it. */
  readonly formToken: string
  readonly began: number
  readonly ends: number
}

/** Of a session, what a service's site is let know by: without what changes anything at the gateway. */
export type Admitted = Omit<Session, 'formToken'>

/** A session lasts a working day and no longer, however busy it is. */
export const SESSION_LIFE = 10 * 60 * 60 * 1000

/** A new session, at a login. */
export function newSession(
  person: Pick<Session, 'slug' | 'login' | 'name' | 'entryUUID' | 'passwordSet' | 'early'>,
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

/**
 * By what the pages of one session know each other and their streams, of 16 signs. Nothing can be done with it; the id
 * itself does not follow from it.
 */
export const markOf = ({ id }: Pick<Session, 'id'>): string =>
  createHash('sha256').update(id).digest('base64url').slice(0, 16)

/**
 * Whether a request may be answered in that session: a page says by the mark which one it is of, since the browser may
 * have another one's cookie by now. Who says nothing is a page that is only being opened.
 */
export const isForSession = (mark: unknown, session: Pick<Session, 'id'>): boolean =>
  mark === undefined || mark === markOf(session)
