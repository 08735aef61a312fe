import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { parseSync } from 'oxc-parser'

/** One import of a source file: a statement, a re-export, or a call of `import()`. */
export interface Import {
  /** Path of the importing file, from the root. */
  readonly from: string
  /** As it is written: `./x.ts`, `zod`, `node:fs`. */
  readonly name: string
  /** Path of the file that is imported, from the root; undefined for packages. */
  readonly file?: string
  /** The package that is imported; undefined for files, and for what Node brings itself. */
  readonly package?: string
  /** What is taken of it, by its own name; empty where all may be: `import * as`, `import()`, a default. */
  readonly taken: readonly string[]
  /** Vanishes when types are stripped: nothing is loaded at run time. */
  readonly typeOnly: boolean
}

/** All TypeScript files below the root, sorted. */
export const sourcesOf = (root: string): string[] =>
  globSync('**/*.ts', {
    cwd: root,
    exclude: ['**/node_modules/**', 'dist/**', '.test/**', '.cdk8s/**'],
  }).sort()

/** Every import of every TypeScript file below the root, types included; nothing is run to find them. */
export const importsOf = (root: string): Import[] =>
  sourcesOf(root).flatMap((from) => importsIn(from, readFileSync(join(root, from), 'utf8')))

/** The imports of one source text, found by a parser. `import { type A }` loads its file; `import type { A }` does not. */
export function importsIn(from: string, text: string): Import[] {
  const { module } = parseSync(from, text)
  const isType = (start: number): boolean => /^(import|export)\s+type\b/.test(text.slice(start, start + 30))
  return [
    ...module.staticImports.map(({ start, moduleRequest, entries }): Import => {
      const taken = entries.filter(({ isType }) => !isType).map(({ importName }) => importName.name)
      return { from, ...leadingTo(from, moduleRequest.value), ...partsOf(taken), typeOnly: isType(start) }
    }),
    ...module.staticExports.flatMap(({ start, entries }) =>
      entries.flatMap(({ moduleRequest, importName }): Import[] => {
        if (!moduleRequest) return []
        const taken = partsOf([importName.name])
        return [{ from, ...leadingTo(from, moduleRequest.value), ...taken, typeOnly: isType(start) }]
      }),
    ),
    ...module.dynamicImports.flatMap(({ moduleRequest: { start, end } }): Import[] => {
      const name = text.slice(start, end)
      // What is computed is no file of ours: synth loads services of the administrator's.
      if (!/^['"`]/.test(name)) return []
      return [{ from, ...leadingTo(from, name.slice(1, -1)), taken: [], typeOnly: false }]
    }),
  ]
}

const partsOf = (taken: readonly (string | null)[]): Pick<Import, 'taken'> => ({
  taken: taken.every((one) => one !== null) ? taken : [],
})

function leadingTo(from: string, name: string): Pick<Import, 'name' | 'file' | 'package'> {
  if (name.startsWith('.')) return { name, file: relative('/', resolve('/', dirname(from), name)) }
  if (name.startsWith('node:')) return { name }
  const parts = name.split('/').slice(0, name.startsWith('@') ? 2 : 1)
  return { name, package: parts.join('/') }
}
