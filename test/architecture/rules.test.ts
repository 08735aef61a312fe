import test from 'ava'
import { circles, imports, loaded, mutualFolders, sources, textOf } from './graph.ts'
import { isIn, isProduction, placeOf, SERVICES } from './layout.ts'

/** The rules of docs/architecture.md that its tables do not show; page.test.ts holds the tables against the imports. */

const production = sources.filter(isProduction)

test('production code imports nothing of lab/, test/, bench/ and docs/', (t) => {
  t.deepEqual(
    imports.filter(({ from, file }) => isProduction(from) && file !== undefined && !isProduction(file)),
    [],
  )
})

test('services never import each other', (t) => {
  const serviceOf = (path: string): string | undefined => SERVICES.find((service) => isIn(path, service))
  const wrong = imports.filter(({ from, file }) => {
    const other = file === undefined ? undefined : serviceOf(file)
    return (
      isProduction(from) && other !== undefined && serviceOf(from) !== undefined && other !== serviceOf(from)
    )
  })
  t.deepEqual(wrong, [])
})

test('charts and the generator never load client-node: its import alone takes half a second', (t) => {
  const wrong = ['main.ts', ...production.filter((path) => isIn(path, 'charts') || isIn(path, 'config'))]
    .flatMap((path) => loaded(path, imports))
    .filter((one) => one.package === '@kubernetes/client-node')
    .map(({ way }) => way.join(' -> '))
  t.deepEqual(wrong, [])
})

test('one file alone names cdk8s-plus-28', (t) => {
  const users = imports.filter((one) => one.package === 'cdk8s-plus-28' && isProduction(one.from))
  t.deepEqual([...new Set(users.map(({ from }) => from))], ['charts/kit/kplus.ts'])
})

test('`service/` alone reads the environment, signals and exit codes', (t) => {
  const knows = production.filter(
    (path) =>
      !isIn(path, 'service') &&
      SERVICES.some((service) => isIn(path, service)) &&
      /\bprocess\.(env|exit|exitCode|on\(|once\(|argv)/.test(textOf(path)),
  )
  t.deepEqual(knows, [])
})

/** node: modules and packages that compute and touch nothing. */
const PURE = ['node:util', 'node:path', 'zod']
/** Of what acts, too: the parts that do not. */
const PURE_PARTS: Readonly<Record<string, readonly string[]>> = { 'node:crypto': ['createHash'] }

const acts = ({ name, taken }: { name: string; taken: readonly string[] }): boolean =>
  !PURE.includes(name) && !(taken.length > 0 && taken.every((one) => PURE_PARTS[name]?.includes(one)))

test('what decides loads nothing that acts, by whatever file', (t) => {
  const wrong = production
    .filter((path) => /\/decide\.ts$|^orchestrator\/(step|admit)\.ts$/.test(path))
    .flatMap((path) =>
      loaded(path, imports)
        .filter(acts)
        .map(({ way }) => way.join(' -> ')),
    )
  t.deepEqual([...new Set(wrong)], [])
})

test('no files import each other in a circle', (t) => {
  const edges = new Map(sources.map((path) => [path, [] as string[]]))
  for (const { from, file } of imports) if (file !== undefined) edges.get(from)?.push(file)
  t.deepEqual(circles(edges), [])
})

test('no folders of one place import each other both ways', (t) => {
  const found = mutualFolders(
    imports.filter(({ from }) => isProduction(from)),
    placeOf,
  )
  t.deepEqual(found, [])
})

test('no file is a drawer for odds and ends', (t) => {
  t.deepEqual(
    sources.filter((path) => /(^|\/)(utils?|helpers?|common|misc|types|constants)(\.ts|\/)/.test(path)),
    [],
  )
})

test('labels and the API group are spelled in config alone', (t) => {
  const spelled = production.filter(
    (path) => placeOf(path) !== 'config/' && /['"`]deskfleet\.io\//.test(textOf(path)),
  )
  t.deepEqual(spelled, [])
})

test('versions are pinned exactly', (t) => {
  const manifest = JSON.parse(textOf('package.json'))
  const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }
  t.deepEqual(
    Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version))),
    [],
  )
})
