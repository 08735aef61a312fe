import { execFile } from 'node:child_process'
import { chmodSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { locate } from '../binaries.ts'
import { ARGO_CD, moduleFolder } from '../modules.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')

/** The folders whose programs run in the cluster, with all that they import. */
const PROGRAMS = ['certificates', 'config', 'desktop', 'directory', 'lease', 'storage', 'webhook']

/** The packages that an image wants from Debian, as its folder lists them. */
export const packagesOf = (image: string): string[] =>
  readFileSync(join(root, 'images', image, 'packages'), 'utf8')
    .trim()
    .split(/\s+/)

/** Lays out what the Containerfile of that image copies, in an empty `folder`. */
export async function layContext(
  image: string,
  folder: string,
  progress: (line: string) => void,
): Promise<void> {
  cpSync(join(root, 'images', image), folder, { recursive: true })
  if (image === 'deskfleet') await layPrograms(folder)
  if (image === 'argocd') await layArgoCd(folder, progress)
}

/** Argo CD's one binary, and the wrappers that it calls git and gpg by. */
async function layArgoCd(folder: string, progress: (line: string) => void): Promise<void> {
  const module = await moduleFolder('argo-cd', ARGO_CD)
  const binary = (await locate(['argo-cd'], { progress })).get('argocd') ?? 'argocd'
  mkdirSync(join(folder, 'bin'))
  for (const path of [binary, 'entrypoint.sh', 'hack/git-verify-wrapper.sh', 'hack/gpg-wrapper.sh']) {
    const to = join(folder, 'bin', basename(path))
    cpSync(resolve(module, path), to)
    // Files of a module are read-only and have no run bit.
    chmodSync(to, 0o755)
  }
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
    for (const path of globSync(`${place}/**/*.ts`, { cwd: root })) {
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
