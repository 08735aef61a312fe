import type { z } from 'zod'
import { cut } from './cut.ts'
import { taken } from './fields.ts'
import type { Finding } from './findings.ts'
import { schema } from './schema.ts'
import type { Locate, Path } from './source.ts'
import { nearest } from './spelling.ts'

export const spell = (path: Path): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  )

export const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((at, part) => (at as Record<PropertyKey, unknown> | undefined)?.[part], value)

/** What the schema refused, in words. */
export function shapeFindings(
  issue: z.core.$ZodIssue,
  merged: unknown,
  where: Locate,
  written: (path: Path) => string | undefined,
): Finding[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(issue.path, key, merged, where))
  }
  const value = valueAt(merged, issue.path)
  const missing = value === undefined ? missingOfKind(issue.path, merged, where) : undefined
  if (missing !== undefined) return [missing]
  const said = taken(issue.message) ?? { rule: issue.message, mend: 'correct the line' }
  const bare = needsQuotes(issue, value) ? written(issue.path) : undefined
  if (bare !== undefined)
    return [
      {
        severity: 'error',
        where: where(issue.path),
        what: `${spell(issue.path)} is ${show(value)}, which YAML takes for ${typeof value === 'number' ? 'a number' : 'no text'}`,
        rule: said.rule,
        mend: `write it in quotes: ${JSON.stringify(bare)}`,
      },
    ]
  const what =
    value === undefined ? `${spell(issue.path)} is missing` : `${spell(issue.path)} is ${show(value)}`
  return [{ severity: 'error', where: where(issue.path), what, ...said }]
}

/** Whether a text is wanted and something bare stands there: 2026, 1.10, true. */
const needsQuotes = (issue: z.core.$ZodIssue, value: unknown): boolean =>
  issue.code === 'invalid_type' &&
  issue.expected === 'string' &&
  ['number', 'bigint', 'boolean'].includes(typeof value)

function unknownKey(path: Path, key: string, merged: unknown, where: Locate): Finding {
  const at = { severity: 'error', where: where([...path, key], true) } as const
  const name = spell([...path, key])
  const { kinds, kind } = sectionAt(path, merged)
  const of = Object.keys(kinds).filter((other) => kinds[other]?.includes(key))
  if (of.length > 0) {
    return {
      ...at,
      what: `${name} has no meaning here`,
      rule: `it belongs to ${spell([...path, 'kind'])} ${of.join(' or ')}, and the kind is ${kind}`,
      mend: `delete it, or write kind: ${of.join(' or ')}`,
    }
  }
  const known = kinds[kind] ?? []
  const near = nearest(key, known)
  return {
    ...at,
    what: `${name} is no setting`,
    rule: `${path.length === 0 ? 'the file' : spell(path)} knows: ${known.join(', ')}`,
    mend: near === undefined ? 'delete it, or correct its spelling' : `did you mean ${near}?`,
  }
}

/** A setting that is missing because of the kind that its section has. */
function missingOfKind(path: Path, merged: unknown, where: Locate): Finding | undefined {
  const section = path.slice(0, -1)
  const { kinds, kind } = sectionAt(section, merged)
  if (Object.keys(kinds).length < 2 || path.at(-1) === 'kind') return undefined
  const at = [...section, 'kind']
  return {
    severity: 'error',
    where: where(at),
    what: `${spell(path)} is missing`,
    rule: `${spell(at)} ${kind} needs it`,
    mend: `add ${spell(path)}`,
  }
}

const show = (value: unknown): string => {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a section'
  // A password that somebody put into a URL is not repeated on the screen.
  const text = JSON.stringify(value).replace(/:\/\/[^\s/@]*@/, '://…@')
  return text.length > 60 ? `${cut(text, 57)}…` : text
}

type Type = z.core.$ZodType
type Shape = Readonly<Record<string, Type>>

/** The settings that a section knows, for each of its kinds, and the kind that it has; a section without kinds has one, ''. */
interface Section {
  readonly kinds: Readonly<Record<string, readonly string[]>>
  readonly kind: string
}

/** Walked out of the schema itself, as far as the path leads through sections and lists. */
function sectionAt(path: Path, merged: unknown): Section {
  let at: Type | undefined = schema
  for (const [depth, part] of path.entries()) {
    const { element, shape } = inside(at, valueAt(merged, path.slice(0, depth)))
    at = typeof part === 'number' ? element : shape?.[String(part)]
  }
  const { options, shape, kind } = inside(at, valueAt(merged, path))
  const kinds = options === undefined ? { '': shape } : Object.fromEntries(options)
  return {
    kind,
    kinds: Object.fromEntries(Object.entries(kinds).map(([name, known]) => [name, Object.keys(known ?? {})])),
  }
}

/** What a type holds: the elements of a list, the settings of a section, or the settings by kind, of which one is chosen. */
function inside(type: Type | undefined, value: unknown) {
  const definition = unwrapped(type) as {
    readonly element?: Type
    readonly shape?: Shape
    readonly options?: readonly Type[]
  }
  const options = definition.options?.flatMap((option): [string, Shape][] => {
    const { shape } = unwrapped(option) as { readonly shape?: Shape }
    const [word] = (unwrapped(shape?.kind) as { readonly values?: readonly string[] }).values ?? []
    return shape === undefined || word === undefined ? [] : [[word, shape]]
  })
  if (options === undefined || options.length === 0) {
    return { element: definition.element, shape: definition.shape, options: undefined, kind: '' }
  }
  // The first kind is the one that a section has when it names none.
  const named = String((value as { readonly kind?: unknown } | undefined)?.kind ?? options[0]?.[0])
  const [kind, shape] = options.find(([word]) => word === named) ?? options[0] ?? ['', {}]
  return { element: undefined, shape, options, kind }
}

function unwrapped(type: Type | undefined): object {
  let definition: object = type?._zod.def ?? {}
  while ('innerType' in definition) definition = (definition.innerType as Type)._zod.def
  return definition
}
