import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Import, importsOf, sourcesOf } from '../../docs/picture/imports.ts'

const root = join(import.meta.dirname, '../..')

/** All source files, below the root, sorted. */
export const sources: readonly string[] = sourcesOf(root)

export const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')

/** All imports of all sources. */
export const imports: readonly Import[] = importsOf(root)

/** An import of a package or node: module, with the files that lead to it. */
export interface Loaded extends Import {
  readonly way: readonly string[]
}

/** What a file loads at run time, by whatever files. */
export function loaded(from: string, all: readonly Import[]): Loaded[] {
  const by = Map.groupBy(
    all.filter(({ typeOnly }) => !typeOnly),
    (one) => one.from,
  )
  const found: Loaded[] = []
  const seen = new Set<string>()
  const visit = (path: string, way: readonly string[]): void => {
    if (seen.has(path)) return
    seen.add(path)
    for (const one of by.get(path) ?? []) {
      if (one.file !== undefined) visit(one.file, [...way, one.file])
      else found.push({ ...one, way })
    }
  }
  visit(from, [from])
  return found
}

/** The circles among things that point at each other, each with its members sorted (Tarjan's algorithm). */
export function circles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const found: string[][] = []
  const visit = (node: string): void => {
    const own = index.size
    index.set(node, own)
    low.set(node, own)
    stack.push(node)
    for (const next of edges.get(node) ?? []) {
      if (!index.has(next)) visit(next)
      if (stack.includes(next)) low.set(node, Math.min(low.get(node) ?? own, low.get(next) ?? own))
    }
    if (low.get(node) !== own) return
    const circle = stack.splice(stack.indexOf(node))
    if (circle.length > 1 || edges.get(node)?.includes(node)) found.push(circle.sort())
  }
  for (const node of edges.keys()) if (!index.has(node)) visit(node)
  return found
}

/** Pairs of subfolders of one place that import each other both ways, types included: `gateway/admin <-> gateway/web`. */
export function mutualFolders(all: readonly Import[], placeOf: (path: string) => string): string[] {
  const folders = new Set<string>()
  for (const { from, file } of all) {
    if (file === undefined || placeOf(from) !== placeOf(file)) continue
    const [a, b] = [dirname(from), dirname(file)]
    // A file beside the folders puts them together; a folder may hold another.
    if (a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`)) continue
    folders.add(`${a} ${b}`)
  }
  return [...folders]
    .map((pair) => pair.split(' '))
    .filter(([a = '', b = '']) => a < b && folders.has(`${b} ${a}`))
    .map((pair) => pair.join(' <-> '))
    .sort()
}
