import { execFile } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { programsOf } from '../../../lab/images/context.ts'
import { billOfMaterials } from '../../../lab/images/materials.ts'
import { takenOf } from '../../../lab/images/packages.ts'
import { layPrograms } from '../../../lab/images/programs.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

/** Programs as images have them: laid out from this checkout's packages, and started. */

const root = join(import.meta.dirname, '..', '..', '..')

test('what sources take of packages is found, and imports of types take nothing', (t) => {
  const text = [
    "import 'side'",
    "import type { Never } from 'types'",
    "import one, { type Two, three as four } from 'mixed'",
    "import * as all from '@scope/all'",
    "import { join } from 'node:path'",
    "import { own } from './own.ts'",
    'const n: number = 1',
  ].join('\n')
  const taken = [...takenOf([{ path: 'x.ts', text }])].map(([name, names]) => [name, [...names]])
  t.deepEqual(taken, [
    ['side', []],
    ['mixed', ['default', 'three']],
    ['@scope/all', ['*']],
  ])
})

/** What these sources take of packages, and the packages that must run before all others. */
function namesIn(sources: readonly string[]) {
  const taken = takenOf(sources.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') })))
  const first = [...taken].flatMap(([name, names]) => (names.size === 0 ? [name] : []))
  return { first, all: Object.fromEntries([...taken].map(([name, names]) => [name, [...names]])) }
}

/** Which of these names Node does not find in the packages as they are laid out; of a whole package, of any that it had. */
async function lacking(
  app: string,
  first: readonly string[],
  all: Readonly<Record<string, readonly string[]>>,
) {
  const program = `
    const { first, all } = ${JSON.stringify({ first, all })}
    for (const name of first) await import(name)
    const found = {}
    for (const name of Object.keys(all)) {
      const module = await import(name)
      found[name] = Object.keys(module).filter((one) => module[one] !== undefined)
    }
    console.log(JSON.stringify(found))`
  const names = async (cwd: string): Promise<Record<string, string[]>> => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', program],
      {
        cwd,
        maxBuffer: 1 << 24,
      },
    )
    return JSON.parse(stdout)
  }
  const [here, there] = await Promise.all([names(app), names(root)])
  return Object.entries(all).flatMap(([name, wanted]) =>
    (wanted.includes('*') ? (there[name] ?? []) : wanted)
      .filter((one) => one !== 'module.exports')
      .filter((one) => !here[name]?.includes(one))
      .map((one) => `${one} of ${name}`),
  )
}

/** Runs a program to the first thing that it complains about. */
const complaint = (app: string, program: string): Promise<{ status: unknown; said: string }> =>
  new Promise((done) => {
    const PATH = process.env.PATH ?? ''
    const env = { PATH, DESKFLEET_METRICS_LISTEN: 'nonsense', DESKFLEET_LOG_LEVEL: 'nonsense' }
    execFile(process.execPath, [program], { cwd: app, env, timeout: 60_000 }, (error, stdout, stderr) =>
      done({ status: error?.code, said: `${stdout}${stderr}` }),
    )
  })

const purls = (app: string): string[] => {
  const bill: { components: { purl: string }[] } = JSON.parse(billOfMaterials('x', '', app))
  return bill.components.map(({ purl }) => purl.replace(/@[^@]*$/, ''))
}

for (const image of ['deskfleet', 'desktop'] as const) {
  test(`every program of ${image} comes up as plain JavaScript, to its first complaint`, async (t) => {
    const app = join(temporaryFolder(), 'app')
    const what = programsOf(image)
    await layPrograms(what, { root, packages: root, app })
    t.deepEqual(globSync('**/*.ts', { cwd: app }), [])
    const programs = what.sources.filter((path) => path.endsWith('/main.ts'))
    t.true(programs.length > 0)
    await Promise.all(
      programs.map(async (path) => {
        const program = path.replace(/\.ts$/, '.js')
        const { status, said } = await complaint(app, program)
        if (program.startsWith('storage/trash/')) t.regex(said, /^list, or restore/, program)
        else t.is(status, 2, `${program}: ${said}`)
        t.notRegex(said, /ExperimentalWarning|ERR_|SyntaxError/, program)
      }),
    )
    const { first, all } = namesIn(what.sources)
    t.deepEqual(await lacking(app, first, all), [], 'names that sources take, and that are not there')
    if (image === 'deskfleet') {
      const { readAssets } = await import(join(app, 'gateway/pages/assets.js'))
      const ours = await import('../../../gateway/pages/assets.ts')
      t.is(readAssets().version, ours.readAssets().version, 'browsers get the same files')
    }
  })
}

test('the bill of a desktop names what is in the bundles of the bridge, each with its licence', async (t) => {
  const app = join(temporaryFolder(), 'app')
  await layPrograms(programsOf('desktop'), { root, packages: root, app })
  const inside = purls(app)
  // Taken, and what these call.
  for (const name of ['pino', 'ws', 'zod', 'thread-stream', 'sonic-boom'])
    t.true(inside.includes(`pkg:npm/${name}`), name)
  t.false(inside.some((purl) => /client-node|cdk8s|express|peculiar/.test(purl)))
  for (const purl of inside.filter((one) => one.startsWith('pkg:npm/'))) {
    const folder = join(app, 'node_modules', purl.slice('pkg:npm/'.length).replace('%40', '@'))
    t.true(globSync('{LICEN[CS]E,licen[cs]e}*', { cwd: folder }).length > 0, `${purl} has no licence`)
  }
  t.true(existsSync(join(app, 'node_modules/zod/index.js')))
  t.notRegex(readFileSync(join(app, 'node_modules/zod/index.js'), 'utf8'), /locales\/(de|fr)\.js/)
})
