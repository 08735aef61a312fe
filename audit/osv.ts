import { z } from 'zod'
import type { Advisory } from './facts.ts'
import { compareVersions } from './semver.ts'

/** An entry of Go's database of advisories, in the form that all of OSV have; only what is read here. */
export const Entry = z.object({
  id: z.string(),
  summary: z.string().default(''),
  withdrawn: z.string().optional(),
  affected: z
    .array(
      z.object({
        package: z.object({ name: z.string() }),
        ranges: z
          .array(
            z.object({
              type: z.string(),
              events: z.array(z.object({ introduced: z.string().optional(), fixed: z.string().optional() })),
            }),
          )
          .default([]),
        ecosystem_specific: z
          .object({ imports: z.array(z.object({ path: z.string() })).default([]) })
          .default({ imports: [] }),
      }),
    )
    .default([]),
})
export type Entry = z.infer<typeof Entry>

/** A pinned module, and what of it goes into what is built. */
export interface Module {
  readonly name: string
  readonly version: string
  readonly where: string
  /** Paths of all packages that are built; undefined where nobody could say, so that any may be. */
  readonly packages: ReadonlySet<string> | undefined
}

type Range = Entry['affected'][number]['ranges'][number]

/** Whether a version lies in the range; and the version that ends it. */
function hit({ events }: Range, version: string): { fixed: string | undefined } | undefined {
  let inside = false
  let fixed: string | undefined
  for (const event of events) {
    if (event.introduced !== undefined && compareVersions(version, event.introduced) >= 0) {
      inside = true
      fixed = undefined
    }
    if (event.fixed !== undefined && inside && fixed === undefined) {
      if (compareVersions(version, event.fixed) >= 0) inside = false
      else fixed = event.fixed
    }
  }
  return inside ? { fixed } : undefined
}

/** The advisories that match a module: its version, and, where it is known what is built, a package that is built. */
export function advisoriesOf(module: Module, entries: readonly Entry[]): Advisory[] {
  const { name, version, where, packages } = module
  return entries.flatMap(({ id, summary, withdrawn, affected }) => {
    if (withdrawn !== undefined) return []
    const hits = affected
      .filter((one) => one.package.name === name)
      .filter(
        ({ ecosystem_specific: { imports } }) =>
          packages === undefined || imports.length === 0 || imports.some(({ path }) => packages.has(path)),
      )
      .flatMap(({ ranges }) => ranges.filter(({ type }) => type === 'SEMVER'))
      .flatMap((range) => hit(range, version) ?? [])
    const [first] = hits
    return first === undefined
      ? []
      : [{ id, name, version, level: undefined, title: summary, fixed: first.fixed, where: [where] }]
  })
}
