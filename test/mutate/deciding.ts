import { imports, sources } from '../architecture/graph.ts'
import { isProduction } from '../architecture/layout.ts'

/** What decides by its name: pure files whose faults would be silent. */
const NAMES =
  /(^|\/)(decide|guard|depart|brake|conditions|rules|judge|problems|verdict|pair|shared|sameness|throttle|view|plan|person|overview|equip|patch|review|observe|[a-z]+-rules)\.ts$/

/** Folders in which everything decides. */
const FOLDER =
  /^storage\/gluster\/plan\/|^orchestrator\/(admit|advance|begin|change|detect|ending|guards|heartbeat|heir|phases|prepare|projection|remember|size|step|storm|undo)\.ts$/

/** How many test files judge one file at most, the nearest first. */
const MOST_TESTS = 4

/** A file that decides, and the unit tests that load it. */
export interface Deciding {
  readonly file: string
  readonly tests: readonly string[]
}

/** What searches for half a minute would be taken for a test that hangs. */
const SEARCH = /^test\/orchestrator\/model\//

const isUnitTest = (path: string): boolean =>
  /^test\/.*[^.]+\.test\.ts$/.test(path) && !/\.[a-z-]+\.test\.ts$/.test(path) && !SEARCH.test(path)

/** All that decide, with the unit tests that load them; those without any at the end. */
export function decidingFiles(): Deciding[] {
  const loads = new Map(sources.filter(isUnitTest).map((path) => [path, filesLoadedBy(path)]))
  const testsOf = (file: string): string[] =>
    [...loads]
      .filter(([, files]) => files.has(file))
      .sort(([a, x], [b, y]) => Number(names(b, file)) - Number(names(a, file)) || x.size - y.size)
      .slice(0, MOST_TESTS)
      .map(([path]) => path)
  return sources
    .filter((path) => isProduction(path) && (NAMES.test(path) || FOLDER.test(path)))
    .map((file) => ({ file, tests: testsOf(file) }))
    .sort((a, b) => Number(b.tests.length > 0) - Number(a.tests.length > 0))
}

/** Whether a test imports the file by itself. */
const names = (path: string, file: string): boolean =>
  imports.some((one) => one.from === path && one.file === file)

const statements = Map.groupBy(
  imports.filter(({ typeOnly }) => !typeOnly),
  ({ from }) => from,
)

function filesLoadedBy(from: string): Set<string> {
  const seen = new Set<string>()
  const visit = (path: string): void => {
    if (seen.has(path)) return
    seen.add(path)
    for (const { file } of statements.get(path) ?? []) if (file !== undefined) visit(file)
  }
  visit(from)
  return seen
}
