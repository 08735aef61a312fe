import { existsSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { z } from 'zod'

const IMPORT = /^(?:import|export)\s+(?:[^'";]*?\sfrom\s+)?'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm
const TYPES_ONLY = /^(?:import|export)\s+type\s[^'"]*'[^']+'/gm

/** The source files that a program loads, itself included: paths below `root`, sorted. Imports of types load nothing. */
export function sourceClosure(root: string, program: string): string[] {
  const found = new Set<string>()
  const visit = (path: string): void => {
    if (found.has(path)) return
    found.add(path)
    const text = readFileSync(join(root, path), 'utf8').replace(TYPES_ONLY, '')
    for (const [, named, called] of text.matchAll(IMPORT)) {
      visit(relative(root, resolve(root, dirname(path), named ?? called ?? '')))
    }
  }
  visit(program)
  return [...found].sort()
}

/** The source without its types, lines and columns kept; what it imports of ours is called `.js`, too. */
export const plainSource = (text: string): string =>
  stripTypeScriptTypes(text).replace(
    /^((?:import|export)\s[^'";]*?from\s+|import\s+)'(\.[^']+)\.ts'/gm,
    (_, before: string, path: string) => `${before}'${path}.js'`,
  )

const Manifest = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
})

/** The folders below `modules` of these packages and of all that they depend on, found as Node finds them. */
export function npmClosure(modules: string, packages: readonly string[]): Set<string> {
  const found = new Set<string>()
  const visit = (name: string, from: string): void => {
    const folder = nearest(name, from, modules)
    if (folder === undefined || found.has(folder)) return
    found.add(folder)
    const manifest = Manifest.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
    const wanted = { ...manifest.dependencies, ...manifest.optionalDependencies }
    for (const one of Object.keys(wanted)) visit(one, folder)
  }
  for (const name of packages) visit(name, modules)
  return found
}

function nearest(name: string, from: string, modules: string): string | undefined {
  for (let at = from; at.startsWith(modules); at = dirname(at)) {
    const nested = join(at, 'node_modules', name)
    if (existsSync(nested)) return nested
  }
  return existsSync(join(modules, name)) ? join(modules, name) : undefined
}
