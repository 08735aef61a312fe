import { digestLine } from '../../config/identity.ts'
import { finish, type Steps } from '../../service/steps.ts'
import { type DirectoryFinding, finding } from '../findings.ts'
import type { Person } from '../person.ts'
import { isTold, type Observed, type Published } from './facts.ts'
import { DOUBT, holdVanished, type Suspicion } from './guard.ts'

/** What is to be done, in this order: Identities written, the digest replaced, Identities removed, conditions set. */
export interface Decision {
  readonly upserts: readonly Person[]
  /** The digest's lines; undefined when it stays as it is. */
  readonly lines: Readonly<Record<string, string>> | undefined
  readonly removals: readonly Published[]
  /** Slugs whose condition Published does not say yet what will be: in Identities and digest both, or locked. */
  readonly confirmations: readonly string[]
  readonly findings: readonly DirectoryFinding[]
  /** To be handed to the next decision. */
  readonly suspicion: Suspicion | undefined
}

/** The API server refuses a ConfigMap over 1 MiB; the rest is for its metadata. */
const DIGEST_LIMIT = 1_000_000

/**
 * Compares who is who with what is published. Pure; with nothing to do it decides on nothing. A person becomes usable
 * when both Identity and line are there, and stops being so with the line.
 */
export const decide = (
  observed: Observed,
  before: Suspicion | undefined,
  now: Date,
  doubt = DOUBT,
): Decision => finish(decideInSteps(observed, before, now, doubt))

/** The same in steps, for who has others to answer meanwhile. */
export function* decideInSteps(
  observed: Observed,
  before: Suspicion | undefined,
  now: Date,
  doubt = DOUBT,
): Steps<Decision> {
  const { people, published, digest } = observed
  const present = new Map(people.map((person) => [person.slug, person]))
  yield
  const gone = [...published.values()].filter((one) => isGone(one, present.get(one.slug)))
  yield
  const seen = { gone, known: published.size, complete: observed.complete }
  const guard = holdVanished(seen, before, now, doubt)
  const removals = guard.hold ? [] : gone
  const kept = new Map(published)
  for (const { slug } of removals) kept.delete(slug)

  // Whoever has a login after somebody who goes now comes with the next decision: an Identity never changes its owner.
  const leaving = new Set(removals.map(({ slug }) => slug))
  const staying = people.filter(({ slug }) => !leaving.has(slug))
  const { accepted, findings } = yield* admit(staying, kept)
  const upserts: Person[] = []
  for (const person of accepted) {
    if (!same(person, published.get(person.slug))) upserts.push(person)
    yield
  }
  const lines: Record<string, string> = {}
  const specs = new Map([...kept.values(), ...accepted].map(({ slug, spec }) => [slug, spec]))
  for (const [slug, spec] of specs) {
    if (!spec.locked) lines[slug] = digestLine(spec)
    yield
  }

  const all = [...guard.findings, ...findings]
  const size = sizeOf(lines)
  yield
  if (size > DIGEST_LIMIT) {
    const tooLarge = finding('DigestTooLarge', 'identities', `${size} bytes; nothing was changed`)
    return { ...NOTHING, findings: [...all, tooLarge], suspicion: guard.suspicion }
  }
  const rewritten = new Set(upserts.map((person) => person.slug))
  const confirmations = [...specs.keys()].filter((slug) => !told(published.get(slug)) || rewritten.has(slug))
  yield
  return {
    upserts,
    lines: digest && equal(digest.lines, lines) ? undefined : lines,
    removals,
    confirmations,
    findings: all,
    suspicion: guard.suspicion,
  }
}

/**
 * A login that is another entry's, with another number, was given to somebody new. With the same number it may be the
 * same human, as after a backup without entryUUIDs: then an administrator decides.
 */
const isGone = ({ spec }: Published, now: Person | undefined): boolean =>
  now === undefined || (now.spec.entryUUID !== spec.entryUUID && now.spec.uid !== spec.uid)

const told = (one: Published | undefined): boolean => one !== undefined && isTold(one)

const NOTHING: Decision = {
  upserts: [],
  lines: undefined,
  removals: [],
  confirmations: [],
  findings: [],
  suspicion: undefined,
}

/** Who may be written: nobody becomes another human, takes another uid, or shares one with somebody still there. */
function* admit(
  people: readonly Person[],
  kept: ReadonlyMap<string, Published>,
): Steps<{ accepted: Person[]; findings: DirectoryFinding[] }> {
  const holders = new Map<string, string>()
  for (const one of kept.values()) {
    for (const mark of marks(one)) holders.set(mark, one.slug)
    yield
  }
  const accepted: Person[] = []
  const findings: DirectoryFinding[] = []
  for (const person of people) {
    const before = kept.get(person.slug)
    const refusal = refuse(person, before, holders)
    if (refusal) findings.push(refusal)
    if (!refusal) accepted.push(person)
    else if (refusal.reason === 'UidChanged' && before) accepted.push(asBefore(person, before))
    yield
  }
  return { accepted, findings }
}

/** The same human as published, though the entry says something else: a lock and a new password count all the same. */
function asBefore(person: Person, { spec: before }: Published): Person {
  const { passwordSet: _, locked: __, ...rest } = before
  const { passwordSet, locked } = person.spec
  const news = { ...(passwordSet === undefined ? {} : { passwordSet }), ...(locked ? { locked } : {}) }
  return { ...person, spec: { ...rest, ...news } }
}

function refuse(
  person: Person,
  before: Published | undefined,
  holders: ReadonlyMap<string, string>,
): DirectoryFinding | undefined {
  const { slug, spec } = person
  if (before && before.spec.entryUUID !== spec.entryUUID) {
    return finding(
      'EntryReplaced',
      slug,
      'the login and the number are now those of another entry; the old person is kept',
    )
  }
  if (before && before.spec.uid !== spec.uid) {
    const change = `uidNumber went from ${before.spec.uid} to ${spec.uid}`
    return finding('UidChanged', slug, `${change}; the old number is kept, since every file at home bears it`)
  }
  const holder = marks(person)
    .map((mark) => holders.get(mark))
    .find((one) => one !== undefined && one !== slug)
  if (holder) return finding('StillHeld', holder, `its uid or entry is now that of ${slug}, who must wait`)
  return undefined
}

const marks = ({ spec }: { spec: { uid: number; entryUUID: string } }): string[] => [
  `uid ${spec.uid}`,
  `entry ${spec.entryUUID}`,
]

/** Key order is that of the writers here, and the API server keeps an object's fields by name: compare by value. */
function same(person: Person, before: Published | undefined): boolean {
  if (!before) return false
  const flat = ({ groups, passwordSet, locked, ...spec }: Person['spec']): string =>
    JSON.stringify([
      ...[spec.login, spec.uid, spec.gid, groups.map((one) => [one.gid, one.name])],
      ...[spec.home, spec.shell, spec.entryUUID, passwordSet, locked],
    ])
  return flat(person.spec) === flat(before.spec)
}

function equal(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}

const sizeOf = (lines: Readonly<Record<string, string>>): number =>
  Object.entries(lines).reduce(
    (sum, [key, line]) => sum + Buffer.byteLength(key) + Buffer.byteLength(line),
    0,
  )
