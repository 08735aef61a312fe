import { FIRST_UID, LAST_UID } from '../config/names.ts'
import type { Copy } from './copy.ts'
import { isOfClass, type LdifEntry, ldifLine, textOf, valuesOf, writeEntry } from './ldif.ts'
import { markedSum, restoringMark } from './restoring.ts'

/** What a restore would do, step by step, or why it may not. Pure. */
export type Plan =
  | { readonly steps: readonly Step[]; readonly added: readonly LdifEntry[]; readonly people: number }
  | { readonly refusal: string }

/** One change, as LDIF: slapd does all of it or nothing. */
export interface Step {
  readonly kind: 'mark' | 'counter' | 'entry' | 'policy' | 'members' | 'unmark'
  readonly dn: string
  readonly ldif: string
}

export interface Ask {
  readonly copy: Copy
  /** Everything in the directory that is restored into. */
  readonly present: readonly LdifEntry[]
  readonly baseDN: string
  /** People who are there stay as they are, and those whom they lack are added. @default nobody may be there */
  readonly beside: boolean
}

/** What slapd says for itself of an entry that is added: when that was, and by whom. Wrong passwords are forgotten. */
const NOT_RESTORED = new Set([
  'entrycsn',
  'modifytimestamp',
  'modifiersname',
  'structuralobjectclass',
  'pwdfailuretime',
])

const key = (dn: string): string => dn.toLowerCase().replace(/\s*,\s*/g, ',')
const uuidOf = (entry: LdifEntry): string => textOf(entry, 'entryUUID')?.toLowerCase() ?? ''
const isPerson = (entry: LdifEntry): boolean => isOfClass(entry, 'posixAccount')
const isGroup = (entry: LdifEntry): boolean => isOfClass(entry, 'posixGroup')

const COUNTERS = [
  { name: 'next-uid', attribute: 'uidNumber', of: isPerson },
  { name: 'next-gid', attribute: 'gidNumber', of: isGroup },
] as const

/**
 * Counters first, so that no number is given out twice whatever happens; then entries whole, one by one; then who is in
 * which group. One that was cut short goes on where it stopped: what is there already is passed over.
 */
export function planRestore({ copy, present, baseDN, beside }: Ask): Plan {
  const { manifest, entries } = copy
  if (key(manifest.room) !== key(baseDN))
    return {
      refusal: `the copy is of ${manifest.room}, and this directory is ${baseDN}: take a copy of this room`,
    }
  const there = new Map(present.map((entry) => [key(entry.dn), entry]))
  const root = there.get(key(baseDN))
  const begun = root && markedSum(valuesOf(root, 'description').map(String))
  if (begun !== undefined && begun !== manifest.sha256)
    return {
      refusal: `the restore of another copy was begun and not ended (it begins with ${begun.slice(0, 12)}): restore that one first`,
    }
  const people = present.filter(isPerson).length
  if (people > 0 && begun === undefined && !beside)
    return {
      refusal: `${people} people are in the directory, and a copy is restored into an empty one: --beside leaves them as they are and adds those who are missing`,
    }
  const strangers = conflicts(entries, present, there)
  if (strangers.length > 0) {
    const shown = strangers.slice(0, 10).join('; ')
    return {
      refusal: `${strangers.length} entries of the copy cannot be added: ${shown}: remove or renumber what is in their way`,
    }
  }
  const uuids = new Set(present.map(uuidOf))
  const missing = entries
    .filter((entry) => !there.has(key(entry.dn)) && !uuids.has(uuidOf(entry)))
    .sort((a, b) => depth(a) - depth(b))
  return {
    added: missing,
    people: missing.filter(isPerson).length,
    steps: [
      ...(begun === undefined ? [marking('mark', baseDN, manifest.sha256)] : []),
      ...counters(entries, present, baseDN),
      ...missing.map(added),
      ...(beside ? [] : policies(entries, there)),
      ...members(entries, there),
      marking('unmark', baseDN, manifest.sha256),
    ],
  }
}

const depth = ({ dn }: LdifEntry): number => dn.split(/(?<!\\),/).length

const change = (dn: string, type: string, ...lines: string[]): string =>
  `${[ldifLine('dn', dn), `changetype: ${type}`, ...lines].join('\n')}\n\n`

/** Somebody else under the same name or number. Groups of one name and number are one: some every directory makes anew. */
function conflicts(
  entries: readonly LdifEntry[],
  present: readonly LdifEntry[],
  there: ReadonlyMap<string, LdifEntry>,
): string[] {
  const check = (
    is: (entry: LdifEntry) => boolean,
    attribute: string,
    alike: (one: LdifEntry, other: LdifEntry) => boolean,
  ) => {
    const holders = new Map(present.filter(is).map((entry) => [textOf(entry, attribute), entry]))
    return entries.filter(is).flatMap((entry) => {
      const namesake = there.get(key(entry.dn))
      if (namesake && !alike(namesake, entry)) return [`${entry.dn} is another one here`]
      const number = textOf(entry, attribute)
      const holder = holders.get(number)
      if (!holder || alike(holder, entry)) return []
      return [`${entry.dn} has the ${attribute} ${number} of ${holder.dn}`]
    })
  }
  const sameGroup = (one: LdifEntry, other: LdifEntry) =>
    key(one.dn) === key(other.dn) && textOf(one, 'gidNumber') === textOf(other, 'gidNumber')
  const same = (one: LdifEntry, other: LdifEntry) => uuidOf(one) === uuidOf(other)
  return [
    ...check(isPerson, 'uidNumber', same),
    ...check(isGroup, 'gidNumber', (one, other) => same(one, other) || sameGroup(one, other)),
  ]
}

/** From the first step to the last the directory's root says so: nobody who is missing meanwhile counts as gone. */
const marking = (kind: 'mark' | 'unmark', baseDN: string, sum: string): Step => {
  const verb = kind === 'mark' ? 'add' : 'delete'
  const lines = [`${verb}: description`, ldifLine('description', restoringMark(sum)), '-']
  return { kind, dn: baseDN, ldif: change(baseDN, 'modify', ...lines) }
}

/** No counter goes back, and each is beyond every number that somebody has. */
function counters(entries: readonly LdifEntry[], present: readonly LdifEntry[], baseDN: string): Step[] {
  return COUNTERS.flatMap(({ name, attribute, of }): Step[] => {
    const dn = `cn=${name},ou=policies,${baseDN}`
    const nextIn = (all: readonly LdifEntry[]): number =>
      Number(textOf(all.find((entry) => key(entry.dn) === key(dn)) ?? NOBODY, 'serialNumber') ?? FIRST_UID)
    const used = [...entries, ...present]
      .filter(of)
      .map((entry) => Number(textOf(entry, attribute)))
      .filter((number) => number <= LAST_UID)
    const now = nextIn(present)
    const next = used.reduce((most, number) => Math.max(most, number + 1), Math.max(now, nextIn(entries)))
    if (next === now) return []
    // Fails when somebody takes a number at this moment.
    const lines = [
      'delete: serialNumber',
      `serialNumber: ${now}`,
      '-',
      'add: serialNumber',
      `serialNumber: ${next}`,
    ]
    return [{ kind: 'counter', dn, ldif: change(dn, 'modify', ...lines) }]
  })
}

const NOBODY: LdifEntry = { dn: '', attributes: new Map() }

function added(entry: LdifEntry): Step {
  const attributes = new Map([...entry.attributes].filter(([name]) => !NOT_RESTORED.has(name.toLowerCase())))
  const [dn = '', ...rest] = writeEntry({ dn: entry.dn, attributes }).split('\n')
  return { kind: 'entry', dn: entry.dn, ldif: [dn, 'changetype: add', ...rest].join('\n') }
}

/** What an administrator may have changed of what every directory begins with. */
function policies(entries: readonly LdifEntry[], there: ReadonlyMap<string, LdifEntry>): Step[] {
  return entries
    .filter((entry) => isOfClass(entry, 'pwdPolicy'))
    .flatMap((entry): Step[] => {
      const now = there.get(key(entry.dn))
      if (now === undefined) return []
      const lines = [...entry.attributes]
        .filter(([name, values]) => /^pwd/i.test(name) && !sameValues(values, valuesOf(now, name)))
        .flatMap(([name, values]) => [
          `replace: ${name}`,
          ...values.map((value) => ldifLine(name, value)),
          '-',
        ])
      return lines.length === 0
        ? []
        : [{ kind: 'policy', dn: entry.dn, ldif: change(entry.dn, 'modify', ...lines) }]
    })
}

const sameValues = (one: readonly Buffer[], other: readonly Buffer[]): boolean =>
  one.length === other.length && one.every((value) => other.some((found) => found.equals(value)))

/** Groups that every directory begins with, or that are there already, get those whom they lack. */
function members(entries: readonly LdifEntry[], there: ReadonlyMap<string, LdifEntry>): Step[] {
  return entries
    .filter((entry) => isOfClass(entry, 'groupOfNames'))
    .flatMap((entry): Step[] => {
      const now = there.get(key(entry.dn))
      if (now === undefined) return []
      const has = new Set(valuesOf(now, 'member').map((value) => key(value.toString('utf8'))))
      const lacks = valuesOf(entry, 'member').filter((value) => !has.has(key(value.toString('utf8'))))
      if (lacks.length === 0) return []
      const lines = ['add: member', ...lacks.map((value) => ldifLine('member', value)), '-']
      return [{ kind: 'members', dn: entry.dn, ldif: change(entry.dn, 'modify', ...lines) }]
    })
}

/** What must be the same afterwards: who they are, their numbers, passwords, homes and locks. */
const PROMISED = [
  'entryUUID',
  'uid',
  'cn',
  'uidNumber',
  'gidNumber',
  'homeDirectory',
  'loginShell',
  'userPassword',
  'pwdHistory',
  'pwdChangedTime',
  'pwdAccountLockedTime',
  'pwdReset',
] as const

/** Which of these people and groups of a copy are not in the directory as they were, each with what differs. */
export function differences(entries: readonly LdifEntry[], present: readonly LdifEntry[]): string[] {
  const there = new Map(present.map((entry) => [key(entry.dn), entry]))
  return entries.flatMap((entry) => {
    const person = isPerson(entry)
    if (!person && !isGroup(entry)) return []
    const now = there.get(key(entry.dn))
    if (now === undefined) return [`${entry.dn} is not there`]
    const promised = person ? PROMISED : ['gidNumber', 'member']
    const differs = promised.filter((name) => !holds(valuesOf(now, name), valuesOf(entry, name)))
    return differs.length === 0 ? [] : [`${entry.dn} has another ${differs.join(', ')}`]
  })
}

const holds = (now: readonly Buffer[], then: readonly Buffer[]): boolean =>
  then.every((value) => now.some((found) => found.equals(value)))
