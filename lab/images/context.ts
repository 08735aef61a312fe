import { execFile } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { locate } from '../binaries/locate.ts'
import { ARGO_CD, moduleFolder } from '../binaries/modules.ts'
import { npmClosure, plainSource, sourceClosure } from './closure.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')

/** What of our own an image holds, besides the files of its folder. */
interface Contents {
  /** Folders of `images/` whose files are laid beneath its own. */
  readonly shares?: readonly string[]
  /** Our sources, as paths in the repository. */
  readonly sources?: () => string[]
  /** The npm packages that they load; all of production when it is left out. */
  readonly packages?: readonly string[]
  /** Whether they lose their types and become `.js`: where Node's own compiler would cost more than the program. */
  readonly plain?: true
  /** Whether people see it, so that texts of all languages are wanted. */
  readonly languages?: true
  /** What goes into it from elsewhere, and the files of ours that say which version. */
  readonly foreign?: {
    readonly pins: readonly string[]
    readonly lay: (folder: string, progress: (line: string) => void) => Promise<void>
  }
}

/** The folders whose programs run in the cluster, with all that they import. */
const PROGRAMS =
  '{certificates,cluster,config,desktop,directory,gateway,packet-filter,service,storage,webhook}/**/*.{ts,css,svg}'

const BRIDGE: Contents = {
  sources: () => sourceClosure(root, 'bridge/main.ts'),
  packages: ['pino', 'ws', 'zod'],
  // 23 MB of memory and a fifth of a second, in every desktop of the room.
  plain: true,
  languages: true,
}

/** The folders of `images/`. */
const CONTENTS = {
  deskfleet: { sources: () => globSync(PROGRAMS, { cwd: root }) },
  ldap: {},
  door: {},
  argocd: {
    foreign: {
      pins: ['go.mod', 'go.sum', 'argocd/main.go'].map((name) => `lab/modules/argo-cd/${name}`),
      lay: layArgoCd,
    },
  },
  desktop: BRIDGE,
  'desktop-light': { ...BRIDGE, shares: ['desktop'] },
  'desktop-centos': { ...BRIDGE, shares: ['desktop'] },
} as const satisfies Record<string, Contents>

export type ImageFolder = keyof typeof CONTENTS
export const isImageFolder = (name: string): name is ImageFolder => Object.hasOwn(CONTENTS, name)

/** The images that are built here: those on Debian. */
export type BuiltImage = Exclude<ImageFolder, 'desktop-centos'>
export const BUILT: readonly BuiltImage[] = [
  'deskfleet',
  'ldap',
  'door',
  'argocd',
  'desktop',
  'desktop-light',
]

const contentsOf = (image: ImageFolder): Contents => CONTENTS[image]

/** The packages that an image wants from Debian, as its folder lists them. */
export const packagesOf = (image: string): string[] =>
  readFileSync(join(root, 'images', image, 'packages'), 'utf8')
    .trim()
    .split(/\s+/)

/** Whether the image keeps the texts of its programs in all languages. */
export const speaksLanguages = (image: ImageFolder): boolean => contentsOf(image).languages ?? false

/** Every file of the repository that goes into the image: when one changes, so does the image. */
export function inputsOf(image: ImageFolder): string[] {
  const { shares = [], sources, foreign } = contentsOf(image)
  const folders = [...shares, image].flatMap((name) => globSync(`images/${name}/**`, { cwd: root }))
  const files = folders.filter((path) => !isFolder(join(root, path)))
  const pins = foreign?.pins ?? []
  return [...files, ...pins, ...(sources ? ['package-lock.json', ...sources()] : [])].sort()
}

const isFolder = (path: string): boolean => statSync(path).isDirectory()

/** Lays out what the Containerfile of that image copies, in an empty `folder`. */
export async function layContext(
  image: ImageFolder,
  folder: string,
  progress: (line: string) => void,
): Promise<void> {
  const { shares = [], sources, packages, plain = false, foreign } = contentsOf(image)
  for (const name of [...shares, image]) cpSync(join(root, 'images', name), folder, { recursive: true })
  if (sources) await layPrograms(folder, sources(), packages, plain)
  await foreign?.lay(folder, progress)
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

async function layPrograms(
  folder: string,
  sources: readonly string[],
  packages: readonly string[] | undefined,
  plain: boolean,
): Promise<void> {
  const app = join(folder, 'app')
  mkdirSync(app)
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(root, file), join(app, file))
  // Only what runs: no development tools, and Node itself comes as one file.
  await run('npm', ['ci', '--omit=dev', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: app,
    maxBuffer: 1 << 24,
  })
  const modules = join(app, 'node_modules')
  for (const entry of ['.package-lock.json', '.bin'])
    rmSync(join(modules, entry), { recursive: true, force: true })
  if (packages) keepOnly(modules, npmClosure(modules, packages))
  trim(modules)
  for (const path of sources) {
    mkdirSync(dirname(join(app, path)), { recursive: true })
    if (plain) {
      writeFileSync(
        join(app, path.replace(/\.ts$/, '.js')),
        plainSource(readFileSync(join(root, path), 'utf8')),
      )
    } else cpSync(join(root, path), join(app, path))
  }
  // Nobody in a pod installs anything: the lock has done its work.
  rmSync(join(app, 'package-lock.json'))
  const { name, version, type, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name, version, type, license }))
  mkdirSync(join(folder, 'bin'))
  const node = `node-linux-${process.arch}`
  cpSync(join(root, 'node_modules', node, 'bin', 'node'), join(folder, 'bin', 'node'))
}

/** Removes the packages that are not among `kept`, given as paths of theirs. */
function keepOnly(modules: string, kept: ReadonlySet<string>): void {
  for (const path of globSync(['*', '@*/*'], { cwd: modules })) {
    if (path.startsWith('@') && !path.includes('/')) continue
    if (!kept.has(join(modules, path))) rmSync(join(modules, path), { recursive: true })
  }
  for (const scope of globSync('@*', { cwd: modules })) {
    const empty = globSync('*', { cwd: join(modules, scope) }).length === 0
    if (empty) rmSync(join(modules, scope), { recursive: true })
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
