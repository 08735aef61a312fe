import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import test from 'ava'

const root = join(import.meta.dirname, '..')

/** Allowed everywhere, besides node: and config. */
const PLUMBING = ['@kubernetes/client-node', 'pino', 'prom-client', 'zod']

/** The layout: each place with the packages and places that it may import. A place that is not here may not exist. */
const LAYOUT: Readonly<
  Record<string, { readonly packages: readonly string[]; readonly places: readonly string[] }>
> = {
  'main.ts': { packages: ['commander'], places: ['config', 'charts', 'charts/kit'] },
  'deskfleet.ts': { packages: ['commander'], places: ['directory'] },
  config: { packages: ['zod', 'yaml'], places: [] },
  charts: { packages: ['cdk8s', 'constructs'], places: ['charts/kit', 'desktop'] },
  'charts/kit': { packages: ['cdk8s', 'constructs', 'cdk8s-plus-28', 'yaml'], places: [] },
  directory: { packages: ['ldapts', 'commander', 'yaml'], places: ['lease'] },
  desktop: { packages: [], places: [] },
  webhook: { packages: ['express'], places: ['directory', 'desktop', 'certificates'] },
  gateway: {
    packages: ['express', 'ws', 'jose', '@novnc/novnc'],
    places: ['directory', 'desktop', 'certificates', 'lease'],
  },
  bridge: { packages: ['ws'], places: ['lease'] },
  certificates: { packages: ['@peculiar/x509', 'reflect-metadata'], places: [] },
  lease: { packages: [], places: [] },
  storage: { packages: [], places: ['lease'] },
}

/** May import anything. */
const FREE = ['lab', 'test', 'bench', 'ava.config.js']

const sources = globSync('**/*.{ts,js}', {
  cwd: root,
  exclude: ['node_modules/**', 'dist/**', '.cdk8s/**', '.test/**'],
})
  .filter((path) => !path.split('/').some((part) => part.startsWith('.') || part === 'node_modules'))
  .sort()

const placeOf = (path: string): string =>
  path.startsWith('charts/kit/') ? 'charts/kit' : path.includes('/') ? (path.split('/')[0] ?? path) : path

interface Import {
  readonly from: string
  readonly name: string
  readonly typeOnly: boolean
}

const IMPORT = /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm

const imports: readonly Import[] = sources.flatMap((from) =>
  [...readFileSync(join(root, from), 'utf8').matchAll(IMPORT)].map((match) => ({
    from,
    name: match[2] ?? match[3] ?? '',
    typeOnly: match[1] !== undefined,
  })),
)

const packageOf = (name: string): string =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')

test('every source file stands in a place of the layout', (t) => {
  const strays = sources.filter(
    (path) => LAYOUT[placeOf(path)] === undefined && !FREE.includes(placeOf(path)),
  )
  t.deepEqual(strays, [])
  t.true(imports.length > 200, 'the imports are read at all')
})

test('places import only what the layout lets them', (t) => {
  const wrong = imports.filter(({ from, name, typeOnly }) => {
    const place = LAYOUT[placeOf(from)]
    if (place === undefined || name.startsWith('node:')) return false
    if (name.startsWith('.')) {
      const target = placeOf(relative(root, resolve(root, dirname(from), name)))
      return target !== placeOf(from) && target !== 'config' && !place.places.includes(target)
    }
    const wanted = packageOf(name)
    // Types vanish at run time: charts may describe Kubernetes with them, and load nothing.
    if (typeOnly && wanted === '@kubernetes/client-node') return false
    return ![...PLUMBING, ...place.packages].includes(wanted)
  })
  t.deepEqual(wrong, [])
})

test('charts and the generator never load client-node: its import alone takes half a second', (t) => {
  const wrong = imports.filter(
    ({ from, name, typeOnly }) =>
      ['main.ts', 'charts', 'charts/kit', 'config'].includes(placeOf(from)) &&
      packageOf(name) === '@kubernetes/client-node' &&
      !typeOnly,
  )
  t.deepEqual(wrong, [])
})

test('one file alone names cdk8s-plus-28', (t) => {
  const users = imports.filter(({ from, name }) => name === 'cdk8s-plus-28' && !from.startsWith('test/'))
  t.deepEqual(
    users.map(({ from }) => from),
    ['charts/kit/kplus.ts'],
  )
})

/** Folders that run as programs: only their main.ts knows of the process. */
const SERVICES = [
  'webhook',
  'directory/sync',
  'certificates/secrets',
  'gateway',
  'orchestrator',
  'storage',
  'bridge',
]

test("only a service's main.ts reads the environment, signals and exit codes", (t) => {
  const wrong = sources.filter(
    (path) =>
      SERVICES.some((service) => path.startsWith(`${service}/`)) &&
      !path.endsWith('/main.ts') &&
      /\bprocess\.(env|exit|exitCode|on\(|once\(|argv)/.test(readFileSync(join(root, path), 'utf8')),
  )
  t.deepEqual(wrong, [])
})

test('what decides imports nothing that acts', (t) => {
  const wrong = imports.filter(
    ({ from, name, typeOnly }) =>
      from.endsWith('/decide.ts') && !typeOnly && !name.startsWith('.') && !FREE.includes(placeOf(from)),
  )
  t.deepEqual(wrong, [])
})

test('no file is a drawer for odds and ends', (t) => {
  t.deepEqual(
    sources.filter((path) => /(^|\/)(utils?|helpers?|common|misc|types|constants)(\.ts|\/)/.test(path)),
    [],
  )
})

test('labels and the API group are spelled in config alone', (t) => {
  const spelled = sources.filter(
    (path) =>
      !['config', ...FREE].includes(placeOf(path)) &&
      /['"`]deskfleet\.io\//.test(readFileSync(join(root, path), 'utf8')),
  )
  t.deepEqual(spelled, [])
})

test('versions are pinned exactly', (t) => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }
  t.deepEqual(
    Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version))),
    [],
  )
})
