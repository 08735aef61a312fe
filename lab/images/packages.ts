import { execFile } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { build, type Plugin, transform } from 'esbuild'
import { parseSync } from 'oxc-parser'
import { z } from 'zod'

const run = promisify(execFile)

/** What of each package is taken, by its own names; `*` where all of it may be. */
export type Taken = ReadonlyMap<string, ReadonlySet<string>>

/** What these sources take of which packages; imports of types take nothing. */
export function takenOf(sources: readonly { readonly path: string; readonly text: string }[]): Taken {
  const taken = new Map<string, Set<string>>()
  for (const { path, text } of sources) {
    for (const { moduleRequest, entries, start } of parseSync(path, text).module.staticImports) {
      const name = moduleRequest.value
      if (/^(\.|node:)/.test(name) || /^import\s+type\b/.test(text.slice(start, start + 30))) continue
      const names = taken.get(name) ?? new Set()
      taken.set(name, names)
      for (const { importName, isType } of entries) {
        if (isType) continue
        if (importName.kind === 'Default') names.add('default')
        else names.add(importName.kind === 'NamespaceObject' ? '*' : (importName.name ?? '*'))
      }
    }
  }
  return taken
}

/**
 * Lays out the packages of `from` (a folder with `node_modules`) below `to`, as Node finds them: each that is taken is one
 * file, without what nobody takes, without comments, and otherwise as it was written. What several need stands once, in
 * `.shared`. Every package of which something is in these files has its manifest and its licence there, so that the
 * bill of materials is true.
 */
export async function bundlePackages(wanted: Taken, from: string, to: string): Promise<void> {
  const taken = await named(wanted, from)
  const { metafile } = await build({
    entryPoints: Object.fromEntries([...taken.keys()].map((name) => [`${name}/index`, `${TAKEN}${name}`])),
    absWorkingDir: from,
    outdir: to,
    bundle: true,
    splitting: true,
    chunkNames: '.shared/[hash]',
    platform: 'node',
    format: 'esm',
    target: `node${process.versions.node}`,
    // Node knows ESM by the manifest that is written below; packages that are CommonJS call `require` for Node's own.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    legalComments: 'none',
    metafile: true,
    logLevel: 'error',
    plugins: [takenAlone(taken, from), unusedVanishes, withoutFetch, withoutComments],
  })
  const inputs = Object.values(metafile.outputs).flatMap((output) =>
    Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  )
  for (const folder of new Set(inputs.flatMap((path) => folderOf(path) ?? []))) {
    const name = folder.slice('node_modules/'.length)
    layManifest(join(from, folder), join(to, name), taken.has(name))
  }
}

const TAKEN = 'taken:'

/** The folder of the package that a file belongs to, as npm lays them out. */
export const folderOf = (path: string): string | undefined =>
  /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0]

const Manifest = z.object({ name: z.string(), version: z.string(), license: z.string().optional() })

function layManifest(from: string, to: string, isTaken: boolean): void {
  mkdirSync(to, { recursive: true })
  const manifest = Manifest.parse(JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')))
  const entry = isTaken ? { type: 'module', exports: './index.js' } : {}
  writeFileSync(join(to, 'package.json'), JSON.stringify({ ...manifest, ...entry }))
  for (const file of globSync('{licen[cs]e,LICEN[CS]E,Licen[cs]e,NOTICE}*', { cwd: from }))
    if (!/\.[cm]?[jt]s$/.test(file)) cpSync(join(from, file), join(to, basename(file)), { recursive: true })
}

/** The door of each bundle: what is taken, and nothing else. */
const takenAlone = (taken: Taken, from: string): Plugin => ({
  name: 'taken alone',
  setup(made) {
    made.onResolve({ filter: /^taken:/ }, ({ path }) => ({
      path: path.slice(TAKEN.length),
      namespace: TAKEN,
    }))
    made.onLoad({ filter: /.*/, namespace: TAKEN }, ({ path }) => ({
      contents: doorOf(path, taken.get(path) ?? new Set()),
      resolveDir: from,
    }))
  },
})

function doorOf(name: string, names: ReadonlySet<string>): string {
  if (names.size === 0) return `import '${name}'`
  return `export { ${[...names].sort().join(', ')} } from '${name}'`
}

/**
 * All names of a package of which all is taken, as Node itself finds them: what a CommonJS package exports cannot be read
 * from its text, and would be missing without a word.
 */
async function named(taken: Taken, from: string): Promise<Taken> {
  // Some packages want another one to have run before them.
  const first = [...taken].flatMap(([name, names]) => (names.size === 0 ? [name] : []))
  const expanded = await Promise.all(
    [...taken].map(async ([name, names]) => {
      if (!names.has('*')) return [name, names] as const
      const program = [
        ...first.map((one) => `await import('${one}')`),
        `console.log(JSON.stringify(Object.keys(await import('${name}'))))`,
      ].join('\n')
      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], {
        cwd: from,
      })
      // Node adds `module.exports` to what a CommonJS package has.
      const found = z.array(z.string()).parse(JSON.parse(stdout))
      return [name, new Set(found.filter((one) => one !== 'module.exports'))] as const
    }),
  )
  return new Map(expanded)
}

/**
 * Packages that do not say so, but of which a file that nobody takes anything of does nothing; and zod's messages in
 * fifty languages, of which English is the one that is asked for.
 */
const unusedVanishes: Plugin = {
  name: 'unused vanishes',
  setup(made) {
    made.onResolve(
      { filter: /^\./, namespace: 'file' },
      async ({ path, importer, kind, resolveDir, pluginData }) => {
        if (pluginData === ASKED || !/node_modules\/@kubernetes\/client-node\//.test(importer))
          return undefined
        const found = await made.resolve(path, { kind, importer, resolveDir, pluginData: ASKED })
        return found.errors.length > 0 || basename(found.path) === 'polyfill.js'
          ? found
          : { path: found.path, sideEffects: false }
      },
    )
    made.onLoad({ filter: /node_modules\/zod\/v4\/locales\/index\.js$/ }, ({ path }) => ({
      contents: "export { default as en } from './en.js'",
      resolveDir: dirname(path),
    }))
  },
}

const ASKED = Symbol('asked')

/**
 * `import 'node:http'` asks for all that this module has, a whole client for `fetch` among it: 3 MiB and a tenth of a
 * second. Taken as an object, only what is used of it is loaded.
 */
const withoutFetch: Plugin = {
  name: 'without fetch',
  setup(made) {
    made.onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'node:http', namespace: 'node' } : undefined,
    )
    made.onLoad({ filter: /.*/, namespace: 'node' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}')`,
    }))
  },
}

/** A module is kept in memory as it is written: comments are two thirds of the Kubernetes client, and hold letters that make each take two bytes. */
const withoutComments: Plugin = {
  name: 'without comments',
  setup(made) {
    made.onLoad({ filter: /node_modules\/.*\.[cm]?js$/ }, async ({ path }) => {
      const text = readFileSync(path, 'utf8')
      const { code } = await transform(text, { minifyWhitespace: true, legalComments: 'none' })
      return { contents: code }
    })
  },
}
