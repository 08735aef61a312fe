import { execFile } from 'node:child_process'
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { plainScript, plainSource } from './closure.ts'
import { bundlePackages, takenOf } from './packages.ts'

const run = promisify(execFile)

/** What a program consists of, as paths in the repository. */
export interface Programs {
  readonly sources: readonly string[]
  /** Files that they read while they run. */
  readonly assets: readonly string[]
  /** Packages of which they read files while they run. */
  readonly files: readonly string[]
}

/** From where to where. */
export interface Places {
  readonly root: string
  /** The folder that has `node_modules`. */
  readonly packages: string
  /** An empty one, or none yet. */
  readonly app: string
}

/**
 * Our sources keep their places, their lines and their columns, and lose their types: the traces of a program that runs
 * lead to the source, without a map. Packages are laid out without what nobody takes of them. What Node's own compiler
 * would take for the types (38 MiB in each process) stays away.
 */
export async function layPrograms(
  { sources, assets, files }: Programs,
  { root, packages, app }: Places,
): Promise<void> {
  for (const path of [...sources, ...assets]) mkdirSync(dirname(join(app, path)), { recursive: true })
  const plain = (path: string): string => join(app, path.replace(/\.ts$/, '.js'))
  const texts = sources.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
  for (const { path, text } of texts) writeFileSync(plain(path), plainSource(text))
  for (const path of assets) {
    if (path.endsWith('.ts')) writeFileSync(plain(path), plainScript(readFileSync(join(root, path), 'utf8')))
    else cpSync(join(root, path), join(app, path))
  }
  const modules = join(app, 'node_modules')
  await bundlePackages(takenOf(texts), packages, modules)
  for (const name of files)
    cpSync(join(packages, 'node_modules', name), join(modules, name), { recursive: true })
  trim(modules)
  const { name, version, type, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name, version, type, license }))
}

/** Lends a folder with the packages of production as the lock names them, whatever stands in the checkout's own. */
export async function installed(root: string, use: (folder: string) => Promise<void>): Promise<void> {
  // Its real path: what packages are found by has no links in it.
  const place = realpathSync(mkdtempSync(join(tmpdir(), 'deskfleet-packages-')))
  try {
    for (const file of ['package.json', 'package-lock.json']) cpSync(join(root, file), join(place, file))
    const only = ['--omit=dev', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund']
    await run('npm', ['ci', ...only], { cwd: place, maxBuffer: 1 << 24 })
    await use(place)
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

/** What packages carry for their own developers: maps, declarations, tests. Licences stay. */
function trim(modules: string): void {
  for (const pattern of [
    '**/*.map',
    '**/*.d.ts',
    '**/*.d.mts',
    '**/*.d.cts',
    '**/*.md',
    '**/{test,tests,__tests__}',
  ]) {
    for (const path of globSync(pattern, { cwd: modules })) {
      if (!/licen[cs]e/i.test(path)) rmSync(join(modules, path), { recursive: true, force: true })
    }
  }
}
