import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { go, type Pins, readPins } from '../lab/binaries/go.ts'
import { MODULES } from '../lab/run/places.ts'
import type { Advisory, Answer, Old } from './facts.ts'
import { advisoriesOf, Entry, type Module } from './osv.ts'
import { compareVersions } from './semver.ts'

/** Go's own database of advisories, as the module that it is: the module proxy has it where nothing else is reached. */
const DATABASE = 'golang.org/x/vulndb@latest'

const Downloaded = z.object({ Dir: z.string(), Version: z.string() })

const said = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).trim().split('\n').slice(-1)[0]?.trim() ?? ''

async function database(pins: Pins): Promise<Entry[]> {
  const { Dir } = Downloaded.parse(JSON.parse(await go(pins, ['mod', 'download', '-json', DATABASE])))
  return globSync('data/osv/*.json', { cwd: Dir }).map((path) =>
    Entry.parse(JSON.parse(readFileSync(join(Dir, path), 'utf8'))),
  )
}

/** What the commands of a folder of pins are built of; undefined where Go cannot say. */
async function builtOf(pins: Pins): Promise<ReadonlySet<string> | undefined> {
  try {
    return new Set((await go(pins, ['list', '-deps', ...pins.tools.values()])).trim().split('\n'))
  } catch {
    return undefined
  }
}

/** The modules of a folder of pins, Go's own library among them, in the version that builds here. */
export function modulesOf(pins: Pins, goVersion: string, packages: Module['packages']): Module[] {
  const where = `lab/modules/${basename(pins.folder)}`
  const all = [...pins.versions, ['stdlib', goVersion.replace(/^go/, '')] as const]
  const replaced = replacementsIn(readFileSync(join(pins.folder, 'go.mod'), 'utf8'))
  return all.map(([name, version]) => ({
    ...(replaced.get(name) ?? { name, version }),
    where,
    packages,
  }))
}

/** What is built in the place of a module: the `replace` lines of a go.mod that name a version. */
export const replacementsIn = (goMod: string): Map<string, { name: string; version: string }> =>
  new Map(
    [...goMod.matchAll(/^(?:replace )?\s*(\S+)(?: v\S+)? => (\S+) (v\S+)$/gm)].map(
      ([, from = '', name = '', version = '']) => [from, { name, version }],
    ),
  )

/** One advisory for each fault of a module, with all versions and places that have it. */
export function joined(advisories: readonly Advisory[]): Advisory[] {
  const groups = Map.groupBy(advisories, ({ id, name }) => `${id} ${name}`)
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const versions = [...new Set(group.map(({ version }) => version))].sort(compareVersions)
    const where = [...new Set(group.flatMap((one) => one.where))]
    return [{ ...first, version: versions.join(', '), where }]
  })
}

const Listed = z.object({ Path: z.string(), Version: z.string().optional() })

/** The modules that a folder is about, those that it requires for itself or whose commands it builds. */
export function mainsOf(pins: Pins, goMod: string): [name: string, version: string][] {
  const tools = [...pins.tools.values()]
  const lines = new Set(goMod.split('\n').map((line) => line.trim().replace(/^require /, '')))
  const isMain = (name: string, version: string): boolean =>
    tools.some((path) => `${path}/`.startsWith(`${name}/`)) || lines.has(`${name} ${version}`)
  return [...pins.versions].filter(([name, version]) => isMain(name, version))
}

async function oldOf(pins: Pins): Promise<Old[]> {
  const mains = mainsOf(pins, readFileSync(join(pins.folder, 'go.mod'), 'utf8'))
  const found: Old[] = []
  for (const [name, version] of mains) {
    const { Version } = Listed.parse(JSON.parse(await go(pins, ['list', '-m', '-json', `${name}@latest`])))
    if (Version !== undefined && Version !== version)
      found.push({ name, version, newest: Version, where: [`lab/modules/${basename(pins.folder)}`] })
  }
  return found
}

/** Asks Go's database about every module that the lab's programs and Argo CD's image are built of. */
export async function checkGo(progress: (line: string) => void, folder = MODULES): Promise<Answer> {
  const all = globSync('*/go.mod', { cwd: folder })
    .sort()
    .map((path) => readPins(join(folder, path, '..')))
  const [first] = all
  if (first === undefined) return { ecosystem: 'Go', looked: 0, advisories: [], old: [], unasked: [] }
  progress("Go: fetching Go's database of advisories through the module proxy")
  const entries = await database(first).catch((error: unknown) => said(error))
  const unasked: string[] = typeof entries === 'string' ? [`advisories: ${entries}`] : []
  const names = new Set(
    typeof entries === 'string'
      ? []
      : entries.flatMap(({ affected }) => affected.map((one) => one.package.name)),
  )
  const advisories: Advisory[] = []
  const old: Old[] = []
  const looked = new Set<string>()
  for (const pins of all) {
    const name = basename(pins.folder)
    progress(`Go: ${name}`)
    const goVersion = await go(pins, ['env', 'GOVERSION']).catch(() => '')
    const packages = await builtOf(pins)
    if (packages === undefined) unasked.push(`what ${name} is built of: every advisory of its modules counts`)
    for (const module of modulesOf(pins, goVersion.trim(), packages)) {
      looked.add(`${module.name}@${module.version}`)
      if (typeof entries !== 'string' && names.has(module.name) && module.version !== '')
        advisories.push(...advisoriesOf(module, entries))
    }
    await oldOf(pins).then(
      (more) => old.push(...more),
      (error: unknown) => unasked.push(`newest versions of ${name}: ${said(error)}`),
    )
  }
  return { ecosystem: 'Go', looked: looked.size, advisories: joined(advisories), old, unasked }
}
