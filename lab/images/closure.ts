import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'

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

/** A script without its types, lines and columns kept. */
export const plainScript = (text: string): string => stripTypeScriptTypes(text)

/** The same of a source; what it imports of ours is called `.js`, too. */
export const plainSource = (text: string): string =>
  plainScript(text).replace(
    /(^(?:import|export)\s[^'";]*?from\s+|^import\s+|\bimport\()'(\.[^']+)\.ts'/gm,
    (_, before: string, path: string) => `${before}'${path}.js'`,
  )
