import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { dirname, extname, join, posix } from 'node:path'

/** A file that browsers get. */
export interface Asset {
  readonly type: string
  readonly body: Buffer
}

/** Our own files and noVNC's, in memory. One hash names all of them together, so that they fit each other. */
export interface Assets {
  readonly version: string
  /** The address of a file, which changes whenever any of them does. */
  address(name: string): string
  find(name: string): Asset | undefined
  /** The addresses of a script and of all that it brings along: told at once, a browser need not find them one by one. */
  modules(script: string): readonly string[]
}

const TYPES: Readonly<Record<string, string>> = {
  '.ts': 'text/javascript; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const OWN = join(import.meta.dirname, '..', 'browser')

/**
 * Reads them all. Types are taken out of TypeScript as Node itself does when it runs it; an image has scripts from which
 * they are gone (`.js`), under the same addresses.
 */
export function readAssets(): Assets {
  const novnc = join(dirname(createRequire(import.meta.url).resolve('@novnc/novnc')), '..')
  const files = [
    ...globSync('*.{ts,js,css,svg}', { cwd: OWN }).map(
      (name) => [name.replace(/\.js$/, '.ts'), join(OWN, name)] as const,
    ),
    ...globSync(['core/**/*.js', 'vendor/**/*.js'], { cwd: novnc }).map(
      (name) => [`novnc/${name}`, join(novnc, name)] as const,
    ),
  ].sort(([a], [b]) => (a < b ? -1 : 1))
  const assets = new Map(files.map(([name, path]) => [name, assetOf(path)]))
  const hash = createHash('sha256')
  for (const [name, { body }] of assets) hash.update(`${name}\n${body.length}\n`).update(body)
  const version = hash.digest('base64url').slice(0, 16)
  const address = (name: string) => `/assets/${version}/${name}`
  const modules = new Map<string, readonly string[]>()
  return {
    version,
    address,
    find: (name) => assets.get(name),
    modules(script) {
      const known = modules.get(script) ?? [...reached(assets, script)].map(address)
      modules.set(script, known)
      return known
    },
  }
}

const IMPORT = /^(?:import|export)\s(?:[^'";]*?\sfrom\s+)?["'](\.{1,2}\/[^"']+)["']/gm

function reached(
  assets: ReadonlyMap<string, Asset>,
  script: string,
  seen = new Set<string>(),
): ReadonlySet<string> {
  if (seen.has(script)) return seen
  seen.add(script)
  const text = assets.get(script)?.body.toString() ?? ''
  for (const [, path = ''] of text.matchAll(IMPORT))
    reached(assets, posix.join(posix.dirname(script), path), seen)
  return seen
}

function assetOf(path: string): Asset {
  const extension = extname(path)
  const text = readFileSync(path, 'utf8')
  const body = extension === '.ts' ? stripTypeScriptTypes(text) : text
  return { type: TYPES[extension] ?? 'application/octet-stream', body: Buffer.from(body) }
}
