import type { z } from 'zod'
import type { Outcome } from './findings.ts'
import { advice, complete, joinedFindings } from './rules.ts'
import { type Cluster, type Parsed, schema } from './schema.ts'
import { shapeFindings } from './shape.ts'
import { type Locate, locate, parseSource, type SourceFile, syntaxFindings, writtenAt } from './source.ts'

/**
 * Reads `cluster.yaml` and the overlays laid over it (maps merge, everything else is replaced).
 * Every mistake of every kind is reported at once, each with its file and line.
 */
export function readCluster(file: SourceFile, overlays: readonly SourceFile[] = []): Outcome<Cluster> {
  const sources = [file, ...overlays].map(parseSource)
  const syntax = sources.flatMap(syntaxFindings)
  if (syntax.length > 0) return { ok: false, findings: syntax }

  const where: Locate = (path, key) => locate(sources, path, key)
  const merged = sources.map((source): unknown => source.document.toJS()).reduce(overlay)
  const result = schema.safeParse(merged)
  const shape = result.success
    ? []
    : result.error.issues.flatMap((issue) =>
        shapeFindings(issue, merged, where, (path) => writtenAt(sources, path)),
      )
  const whole = result.success ? result.data : salvage(merged, result.error.issues)
  const joined = whole === undefined ? [] : joinedFindings(whole, where)
  const findings = [...shape, ...joined]
  if (!result.success || findings.some(({ severity }) => severity === 'error')) {
    return { ok: false, findings: findings.sort((a, b) => lineOf(a.where) - lineOf(b.where)) }
  }
  return { ok: true, value: complete(result.data), warnings: [...joined, ...advice(result.data, where)] }
}

const lineOf = (where: string): number => Number(where.slice(where.lastIndexOf(':') + 1))

function overlay(base: unknown, over: unknown): unknown {
  if (!isPlain(base) || !isPlain(over)) return over
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    merged[key] = Object.hasOwn(base, key) ? overlay(base[key], value) : value
  }
  return merged
}

/** A section, and not one of YAML's other things that are objects in JavaScript (binaries, sets, dates). */
const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** The settings that have no default get a stand-in, which no rule objects to. */
function placeholder(parent: readonly PropertyKey[], key: string): string | undefined {
  if (parent.length === 0 && key === 'domain') return 'placeholder.invalid'
  if (parent[0] === 'templates' && key === 'name') return `placeholder-${String(parent[1])}`
  if (parent[0] === 'storage' && key === 'path') return '/placeholder/directory'
  if (parent[0] === 'storage' && key === 'storageClass') return 'placeholder'
  return undefined
}

function put(at: Record<string, unknown>, key: string, value: string | undefined): void {
  if (value === undefined) delete at[key]
  else at[key] = value
}

/**
 * The settings without those that the schema refused, so that the rules that join settings are judged in
 * the same run; undefined when what is left is not whole.
 */
function salvage(merged: unknown, issues: readonly z.core.$ZodIssue[], tries = 2): Parsed | undefined {
  const rest: unknown = structuredClone(merged)
  for (const issue of issues) {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.at(-1)]
    const parent = issue.code === 'unrecognized_keys' ? issue.path : issue.path.slice(0, -1)
    const at = parent.reduce<unknown>(
      (value, part) =>
        isPlain(value) ? value[String(part)] : Array.isArray(value) ? value[Number(part)] : undefined,
      rest,
    )
    const known = issue.code !== 'unrecognized_keys'
    for (const key of keys) {
      if (isPlain(at)) put(at, String(key), known ? placeholder(parent, String(key)) : undefined)
    }
  }
  const result = schema.safeParse(rest)
  if (result.success) return result.data
  // Without a wrong `kind`, what belonged to it is wrong as well.
  return tries > 1 ? salvage(rest, result.error.issues, tries - 1) : undefined
}
