import { SESSION_LIFE, type Session } from './session.ts'

/**
 * Sessions that ended early, as lines of a ConfigMap. `s.<id>`: that session, `<slug>-<until>`. `p.<slug>`: every
 * session of that person that began before, `<before>-<until>`. Times in ms since the epoch; after `until` a line says
 * nothing that the sessions' own end does not say.
 */
export type Lines = Readonly<Record<string, string>>

/** What the lines say, to be asked at every request: read once for each change of them. */
export interface Ended {
  /** Ids of sessions. */
  readonly sessions: ReadonlySet<string>
  /** By slug: all sessions that began before that time. */
  readonly people: ReadonlyMap<string, number>
}

export type Revocation =
  | { readonly session: Pick<Session, 'id' | 'slug' | 'ends'> }
  /** Every session of the person that began before that time. */
  | { readonly person: string; readonly before: number }

export function endedIn(lines: Lines): Ended {
  const sessions = new Set<string>()
  const people = new Map<string, number>()
  for (const [key, text] of Object.entries(lines)) {
    if (key.startsWith('s.')) sessions.add(key.slice(2))
    else if (key.startsWith('p.')) people.set(key.slice(2), beforeIn(text))
  }
  return { sessions, people }
}

/** Whether a session was ended by its person, by a new password, or by an administrator. */
export const isEnded = (
  { sessions, people }: Ended,
  { id, slug, began }: Pick<Session, 'id' | 'slug' | 'began'>,
): boolean => sessions.has(id) || began < (people.get(slug) ?? 0)

/** Whether the lines say that already. */
export const saysSo = ({ sessions, people }: Ended, revocation: Revocation): boolean =>
  'session' in revocation
    ? isEnded({ sessions, people }, { ...revocation.session, began: revocation.session.ends - SESSION_LIFE })
    : (people.get(revocation.person) ?? 0) >= revocation.before

/** The one line that says it. A person's line that is there already never says less than before. */
export function lineOf(revocation: Revocation, lines: Lines = {}): readonly [key: string, text: string] {
  if ('session' in revocation) {
    const { id, slug, ends } = revocation.session
    return [`s.${id}`, `${slug}-${ends}`]
  }
  const key = `p.${revocation.person}`
  const before = Math.max(revocation.before, Object.hasOwn(lines, key) ? beforeIn(lines[key] ?? '') : 0)
  return [key, `${before}-${before + SESSION_LIFE}`]
}

/**
 * Of one person's sessions, so many of those that they ended are told apart; as many as all lines allow. An older one
 * becomes part of "all that began before": a session that is open still, and began before so many that are over, ends.
 */
const TOLD_APART = [20, 5, 1, 0]
/**
 * A ConfigMap holds four times as many, but the API server reads and writes it whole for each log-out: with 5,000 lines
 * that takes it a quarter of what it takes with 20,000. Of more people than that, each may have a line of theirs.
 */
const MOST_LINES = 5_000

/** The lines without what says nothing any more; undefined where there is nothing to leave out. */
export function prune(lines: Lines, now: number, most = MOST_LINES): Record<string, string> | undefined {
  const living = Object.entries(lines).filter(([, text]) => untilIn(text) > now)
  let left = Object.fromEntries(living)
  for (const apart of TOLD_APART) {
    left = merged(living, apart)
    if (Object.keys(left).length <= most) break
  }
  return Object.keys(left).length < Object.keys(lines).length ? left : undefined
}

/** The lines with so many single sessions of each person at most. */
function merged(lines: readonly (readonly [string, string])[], apart: number): Record<string, string> {
  const single = lines.flatMap(([key, text]) => {
    // An older version wrote no slug; its lines end by themselves.
    const slug = key.startsWith('s.') ? /^(.+)-\d+$/.exec(text)?.[1] : undefined
    return slug === undefined ? [] : [{ key, slug, began: untilIn(text) - SESSION_LIFE }]
  })
  const left = Object.fromEntries(lines)
  for (const [slug, all] of Map.groupBy(single, ({ slug }) => slug)) {
    const [newestOfOld] = all.toSorted((a, b) => b.began - a.began).slice(apart)
    if (newestOfOld) {
      const [line, text] = lineOf({ person: slug, before: newestOfOld.began + 1 }, left)
      left[line] = text
    }
    const before = beforeIn(left[`p.${slug}`] ?? '')
    for (const { key, began } of all) if (began < before) delete left[key]
  }
  return left
}

const beforeIn = (text: string): number => Number(text.split('-')[0] ?? 0)
const untilIn = (text: string): number => Number(text.slice(text.lastIndexOf('-') + 1))
