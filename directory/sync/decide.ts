import { digestLine } from '../../config/identity.ts'
import { type Finding, finding } from '../findings.ts'
import type { Person } from '../person.ts'
import { holdVanished, type Suspicion } from './guard.ts'
import type { Observed, Published } from './observe.ts'

/** What is to be done, in this order: Identities written, the digest replaced, Identities removed, conditions set. */
export interface Decision {
  readonly upserts: readonly Person[]
  /** The digest's lines; undefined when it stays as it is. */
  readonly lines: Readonly<Record<string, string>> | undefined
  readonly removals: readonly Published[]
  /** Slugs whose condition Published is not True yet though they will be in Identities and digest both. */
  readonly confirmations: readonly string[]
  readonly findings: readonly Finding[]
  /** To be handed to the next decision. */
  readonly suspicion: Suspicion | undefined
}

/** The API server refuses a ConfigMap over 1 MiB; the rest is for its metadata. */
const DIGEST_LIMIT = 1_000_000

/**
 * Compares who is who with what is published. Pure; with nothing to do it decides on nothing. A person becomes usable
 * when both Identity and line are there, and stops being so with the line.
 */
export function decide(observed: Observed, before: Suspicion | undefined, now: Date): Decision {
  const { people, published, digest } = observed
  const present = new Set(people.map((person) => person.slug))
  const gone = [...published.values()].filter((one) => !present.has(one.slug))
  const guard = holdVanished({ gone, known: published.size, complete: observed.complete }, before, now)
  const removals = guard.hold ? [] : gone
  const kept = new Map(published)
  for (const { slug } of removals) kept.delete(slug)

  const { accepted, findings } = admit(people, kept)
  const upserts = accepted.filter((person) => !same(person, published.get(person.slug)))
  const lines: Record<string, string> = {}
  for (const [slug, one] of kept) lines[slug] = digestLine(one.spec)
  for (const { slug, spec } of accepted) lines[slug] = digestLine(spec)

  const all = [...guard.findings, ...findings]
  const size = sizeOf(lines)
  if (size > DIGEST_LIMIT) {
    const tooLarge = finding('DigestTooLarge', 'identities', `${size} bytes; nothing was changed`)
    return { ...NOTHING, findings: [...all, tooLarge], suspicion: guard.suspicion }
  }
  const rewritten = new Set(upserts.map((person) => person.slug))
  const confirmations = Object.keys(lines).filter(
    (slug) => !published.get(slug)?.confirmed || rewritten.has(slug),
  )
  return {
    upserts,
    lines: digest && equal(digest.lines, lines) ? undefined : lines,
    removals,
    confirmations,
    findings: all,
    suspicion: guard.suspicion,
  }
}

const NOTHING: Decision = {
  upserts: [],
  lines: undefined,
  removals: [],
  confirmations: [],
  findings: [],
  suspicion: undefined,
}

/** Who may be written: nobody becomes another human, takes another uid, or shares one with somebody still there. */
function admit(
  people: readonly Person[],
  kept: ReadonlyMap<string, Published>,
): { accepted: Person[]; findings: Finding[] } {
  const holders = new Map(
    [...kept.values()].flatMap((one) => marks(one).map((mark) => [mark, one.slug] as const)),
  )
  const accepted: Person[] = []
  const findings: Finding[] = []
  for (const person of people) {
    const refusal = refuse(person, kept.get(person.slug), holders)
    if (refusal) findings.push(refusal)
    else accepted.push(person)
  }
  return { accepted, findings }
}

function refuse(
  person: Person,
  before: Published | undefined,
  holders: ReadonlyMap<string, string>,
): Finding | undefined {
  const { slug, spec } = person
  if (before && before.spec.entryUUID !== spec.entryUUID) {
    return finding('EntryReplaced', slug, 'the login is now that of another entry; the old person is kept')
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
  const flat = ({ login, uid, gid, groups, home, shell, entryUUID }: Person['spec']): string =>
    JSON.stringify([login, uid, gid, groups.map((one) => [one.gid, one.name]), home, shell, entryUUID])
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
