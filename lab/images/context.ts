import { execFile } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')

/** The folders whose programs run in the cluster, with all that they import. */
const PROGRAMS = ['certificates', 'config', 'desktop', 'directory', 'gateway', 'lease', 'storage', 'webhook']

/** The packages that an image wants from Debian, as its folder lists them. */
export const packagesOf = (image: string): string[] =>
  readFileSync(join(root, 'images', image, 'packages'), 'utf8')
    .trim()
    .split(/\s+/)

/** Lays out what the Containerfile of that image copies, in an empty `folder`. */
export async function layContext(image: string, folder: string): Promise<void> {
  cpSync(join(root, 'images', image), folder, { recursive: true })
  if (image === 'deskfleet') await layPrograms(folder)
}

async function layPrograms(folder: string): Promise<void> {
  const app = join(folder, 'app')
  mkdirSync(app)
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(root, file), join(app, file))
  // Only what runs: no development tools, and Node itself comes as one file.
  await run('npm', ['ci', '--omit=dev', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: app,
    maxBuffer: 1 << 24,
  })
  rmSync(join(app, 'node_modules', '.package-lock.json'), { force: true })
  trim(join(app, 'node_modules'))
  for (const place of PROGRAMS) {
    for (const path of globSync(`${place}/**/*.{ts,css,svg}`, { cwd: root })) {
      mkdirSync(dirname(join(app, path)), { recursive: true })
      cpSync(join(root, path), join(app, path))
    }
  }
  // Nobody in a pod installs anything: the lock has done its work.
  rmSync(join(app, 'package-lock.json'))
  const { name, version, type, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name, version, type, license }))
  mkdirSync(join(folder, 'bin'))
  const node = `node-linux-${process.arch}`
  cpSync(join(root, 'node_modules', node, 'bin', 'node'), join(folder, 'bin', 'node'))
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
