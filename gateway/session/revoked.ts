import { SESSION_LIFE, type Session } from './session.ts'

/**
 * Sessions that ended early, as lines of a ConfigMap. `s.<id>`: that session, `<until>`. `p.<slug>`: every session
 * of that person that began before, `<before>-<until>`. Times in ms since the epoch; after `until` a line says
 * nothing that the sessions' own end does not say.
 */
export type Revoked = Readonly<Record<string, string>>

/** Whether a session was ended by its person, by a new password, or by an administrator. */
export function isRevoked(revoked: Revoked, session: Pick<Session, 'id' | 'slug' | 'began'>): boolean {
  if (Object.hasOwn(revoked, `s.${session.id}`)) return true
  const before = Number(line(revoked, session.slug)?.split('-')[0] ?? 0)
  return session.began < before
}

const line = (revoked: Revoked, slug: string): string | undefined =>
  Object.hasOwn(revoked, `p.${slug}`) ? revoked[`p.${slug}`] : undefined

export type Revocation =
  | { readonly session: Pick<Session, 'id' | 'ends'> }
  /** Every session of the person that began before that time. */
  | { readonly person: string; readonly before: number }

/** The lines with one more revocation, and without those that time has made empty. */
export function revoke(revoked: Revoked, revocation: Revocation, now: number): Record<string, string> {
  const kept = Object.entries(revoked).filter(([, text]) => Number(text.split('-').at(-1)) > now)
  const added: [string, string] =
    'session' in revocation
      ? [`s.${revocation.session.id}`, String(revocation.session.ends)]
      : [`p.${revocation.person}`, `${revocation.before}-${revocation.before + SESSION_LIFE}`]
  return Object.fromEntries([...kept, added])
}
