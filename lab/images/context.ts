import { chmodSync, cpSync, globSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { locate } from '../binaries/locate.ts'
import { ARGO_CD, moduleFolder } from '../binaries/modules.ts'
import { sourceClosure } from './closure.ts'
import { installed, layPrograms, type Programs } from './programs.ts'

const root = join(import.meta.dirname, '..', '..')

/** What of our own an image holds, besides the files of its folder. */
interface Contents {
  /** Folders of `images/` whose files are laid beneath its own. */
  readonly shares?: readonly string[]
  /** Our programs in it, as paths in the repository; what they import comes along, and nothing else. */
  readonly programs?: () => string[]
  /** Files that they read while they run. */
  readonly assets?: () => string[]
  /** Packages of which they read files while they run. */
  readonly files?: readonly string[]
  /** Whether people see it, so that texts of all languages are wanted. */
  readonly languages?: true
  /** What goes into it from elsewhere, and the files of ours that say which version. */
  readonly foreign?: {
    readonly pins: readonly string[]
    readonly lay: (folder: string, progress: (line: string) => void) => Promise<void>
  }
}

/** The folders whose programs run in the cluster. */
const PROGRAMS = '{certificates,directory,gateway,orchestrator,packet-filter,storage,webhook}/**/main.ts'

const BRIDGE: Contents = { programs: () => ['bridge/main.ts'], languages: true }

/** The folders of `images/`. */
const CONTENTS = {
  deskfleet: {
    // The command line as well: a master has no other Node.
    programs: () => [...globSync(PROGRAMS, { cwd: root }), 'deskfleet.ts'],
    assets: () => globSync('gateway/browser/*.{ts,css,svg}', { cwd: root }),
    files: ['@novnc/novnc'],
  },
  ldap: {},
  door: {},
  ingress: {},
  gluster: {
    programs: () => globSync('storage/{gluster/agent,gluster/index,mounter,trash}/main.ts', { cwd: root }),
  },
  'etcd-backup': {
    programs: () => ['orchestrator/backup/main.ts'],
    foreign: {
      pins: ['go.mod', 'go.sum'].map((name) => `lab/modules/etcd/${name}`),
      lay: layEtcd,
    },
  },
  sources: {
    foreign: {
      pins: ['go.mod', 'go.sum'].map((name) => `lab/modules/registry/${name}`),
      lay: layRegistry,
    },
  },
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
  'ingress',
  'gluster',
  'etcd-backup',
  'sources',
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
  const { shares = [], foreign } = contentsOf(image)
  const { sources, assets } = programsOf(image)
  const folders = [...shares, image].flatMap((name) => globSync(`images/${name}/**`, { cwd: root }))
  const files = folders.filter((path) => !isFolder(join(root, path)))
  const pins = foreign?.pins ?? []
  const own = sources.length > 0 ? ['package-lock.json', ...sources, ...assets] : []
  return [...files, ...pins, ...own].sort()
}

/** Our programs in an image, with all that they load and read. */
export function programsOf(image: ImageFolder): Programs {
  const { programs, assets, files = [] } = contentsOf(image)
  const sources = new Set((programs?.() ?? []).flatMap((program) => sourceClosure(root, program)))
  return { sources: [...sources].sort(), assets: assets?.() ?? [], files }
}

const isFolder = (path: string): boolean => statSync(path).isDirectory()

/** Lays out what the Containerfile of that image copies, in an empty `folder`. */
export async function layContext(
  image: ImageFolder,
  folder: string,
  progress: (line: string) => void,
): Promise<void> {
  const { shares = [], foreign } = contentsOf(image)
  for (const name of [...shares, image]) cpSync(join(root, 'images', name), folder, { recursive: true })
  const what = programsOf(image)
  if (what.sources.length > 0) {
    const app = join(folder, 'app')
    await installed(root, (packages) => layPrograms(what, { root, packages, app }))
    layNode(join(folder, 'bin'))
  }
  await foreign?.lay(folder, progress)
}

/** The Node that `package.json` names. */
function layNode(folder: string): void {
  mkdirSync(folder)
  const node = `node-linux-${process.arch}`
  cpSync(join(root, 'node_modules', node, 'bin', 'node'), join(folder, 'node'))
}

/** etcd, and what restores its snapshots, of the version that the masters run. */
async function layEtcd(folder: string, progress: (line: string) => void): Promise<void> {
  const binaries = await locate(['etcd', 'etcd-tools'], { progress })
  for (const name of ['etcd', 'etcdutl']) {
    const to = join(folder, 'bin', name)
    cpSync(binaries.get(name) ?? name, to)
    chmodSync(to, 0o755)
  }
}

/** distribution's registry. */
async function layRegistry(folder: string, progress: (line: string) => void): Promise<void> {
  const to = join(folder, 'bin', 'registry')
  cpSync((await locate(['registry'], { progress })).get('registry') ?? 'registry', to)
  chmodSync(to, 0o755)
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
