import type { z } from 'zod'
import type { Finding } from './findings.ts'
import { schema, taken } from './schema.ts'
import type { Path } from './source.ts'
import { nearest } from './spelling.ts'

export const spell = (path: Path): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  )

export const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((at, part) => (at as Record<PropertyKey, unknown> | undefined)?.[part], value)

/** Where a path stands in the files: `cluster.yaml:12`; `key` asks for the key rather than its value. */
export type Locate = (path: Path, key?: boolean) => string

/** What the schema refused, in words. */
export function shapeFindings(issue: z.core.$ZodIssue, merged: unknown, where: Locate): Finding[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key): Finding => {
      const known = knownKeys(issue.path)
      const near = nearest(key, known)
      return {
        severity: 'error',
        where: where([...issue.path, key], true),
        what: `${spell([...issue.path, key])} is no setting`,
        rule: `${issue.path.length === 0 ? 'the file' : spell(issue.path)} knows: ${known.join(', ')}`,
        mend: near === undefined ? 'delete it, or correct its spelling' : `did you mean ${near}?`,
      }
    })
  }
  const value = valueAt(merged, issue.path)
  const said = taken(issue.message) ?? { rule: issue.message, mend: 'correct the line' }
  const what =
    value === undefined ? `${spell(issue.path)} is missing` : `${spell(issue.path)} is ${show(value)}`
  return [{ severity: 'error', where: where(issue.path), what, ...said }]
}

const show = (value: unknown): string => {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a section'
  // A password that somebody put into a URL is not repeated on the screen.
  const text = JSON.stringify(value).replace(/:\/\/[^\s/@]*@/, '://…@')
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** The settings that a section knows, walked out of the schema itself. */
function knownKeys(path: Path): string[] {
  let at: z.core.$ZodType | undefined = schema
  for (const part of path) {
    const inner: Record<string, unknown> = unwrapped(at)
    at = (typeof part === 'number' ? inner.element : shapeOf(inner)?.[String(part)]) as
      | z.core.$ZodType
      | undefined
  }
  return Object.keys(shapeOf(unwrapped(at)) ?? {})
}

const shapeOf = (definition: Record<string, unknown>) =>
  definition.shape as Record<string, z.core.$ZodType> | undefined

function unwrapped(type: z.core.$ZodType | undefined): Record<string, unknown> {
  let definition = (type?._zod.def ?? {}) as unknown as Record<string, unknown>
  while (definition.innerType !== undefined) {
    definition = (definition.innerType as z.core.$ZodType)._zod.def as unknown as Record<string, unknown>
  }
  return definition
}
