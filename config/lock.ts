import type { IdentitySpec } from './identity.ts'

/** How LDAP's password policy says that an administrator locked an account, and nobody's patience opens it. */
export const LOCKED_FOR_GOOD = '000001010000Z'

/** Somebody who is locked in the cluster itself: an emergency's lock, which needs no LDAP. */
export interface Lock {
  /** LDAP's name of the person: a later one of the same login is somebody else, and not locked. */
  readonly entryUUID: string
  /** Their uid, by which the API server's own policy knows them. */
  readonly uid: number
  /** When they were locked, RFC 3339 in UTC. */
  readonly since: string
  /** For administrators, one line; may be empty. */
  readonly reason: string
}

/** The lines of the ConfigMap `locked-people`, by slug: `entryUUID|uid|since|reason`. */
export type LockLines = Readonly<Record<string, string>>

/** What a line must look like; a policy of the API server takes no other (RE2 as well as ECMAScript). */
export const LOCK_LINE = '^[^| \\x00-\\x1f]{1,64}[|][0-9]{1,10}[|][0-9TZ:.-]{1,32}[|][^\\x00-\\x1f]{0,200}$'

const LINE = new RegExp(LOCK_LINE)

/** Characters of a reason that are kept. */
const LONGEST_REASON = 160

export function lockOf(
  { entryUUID, uid }: Pick<IdentitySpec, 'entryUUID' | 'uid'>,
  since: Date,
  reason: string,
): Lock {
  const oneLine = reason.replaceAll(/\p{Cc}+/gu, ' ').trim()
  return { entryUUID, uid, since: since.toISOString(), reason: oneLine.slice(0, LONGEST_REASON) }
}

export const lockLine = ({ entryUUID, uid, since, reason }: Lock): string =>
  [entryUUID, uid, since, reason].join('|')

/** @returns nothing where it is no line of ours. */
export function readLock(line: string): Lock | undefined {
  if (!LINE.test(line)) return undefined
  const [entryUUID = '', uid = '', since = '', ...reason] = line.split('|')
  return { entryUUID, uid: Number(uid), since, reason: reason.join('|') }
}

/**
 * The lock of that person. One that cannot be read is a lock of whoever has the slug: better one person too many than the
 * one whom an administrator meant.
 */
export function lockIn(lines: LockLines, slug: string, entryUUID: string): Lock | undefined {
  const line = Object.hasOwn(lines, slug) ? lines[slug] : undefined
  if (line === undefined) return undefined
  const lock = readLock(line)
  if (lock === undefined) return { entryUUID, uid: 0, since: '', reason: 'the line cannot be read' }
  return lock.entryUUID === entryUUID ? lock : undefined
}
