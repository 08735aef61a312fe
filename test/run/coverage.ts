import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Lane, runLane, type Surroundings } from './lane.ts'
import { failure, type PartResult } from './summary.ts'

const C8 = join(import.meta.dirname, '../../node_modules/c8/bin/c8.js')

/**
 * Runs a lane and sees which lines of production code it reaches. What counts, and the floor below which it has
 * failed, stand in .c8rc.json; a file that no test loads counts as nothing reached. `table` shows it file by file.
 */
export async function runCovered(
  lane: Lane,
  surroundings: Surroundings,
  { table }: { readonly table: boolean },
): Promise<PartResult[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'deskfleet-coverage-'))
  const records = join(scratch, 'records')
  try {
    const ran = await runLane({ ...lane, env: { ...lane.env, NODE_V8_COVERAGE: records } }, surroundings)
    return [ran, await report(lane.folder, scratch, table, surroundings)]
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

async function report(
  folder: string,
  scratch: string,
  table: boolean,
  { say, print }: Surroundings,
): Promise<PartResult> {
  say('coverage by tests without a lab')
  const config = join(scratch, 'c8rc.json')
  writeFileSync(config, JSON.stringify(withoutFilesOfTypes(folder)))
  const reporter = table ? 'text' : 'text-summary'
  const child = spawn(
    process.execPath,
    [
      C8,
      'report',
      `--config=${config}`,
      '--check-coverage',
      `--temp-directory=${join(scratch, 'records')}`,
      `--reporter=${reporter}`,
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let complaint = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => print(text.trimEnd()))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  const [code] = await once(child, 'close')
  if (code === 0) return { passed: 1, failed: 0, tests: [], failures: [], unsteady: [] }
  return failure(
    `coverage is below the floor in .c8rc.json; npm run test:unit -- --coverage shows where`,
    complaint.trim(),
  )
}

/** A file of types alone has no line that a test could reach: it is loaded by nobody, and would count as unreached. */
function withoutFilesOfTypes(folder: string): Settings {
  const settings: Settings = JSON.parse(readFileSync(join(folder, '.c8rc.json'), 'utf8'))
  const files = globSync([...settings.include], { cwd: folder, exclude: settings.exclude })
  const ofTypes = files.filter((file) => holdsTypesAlone(readFileSync(join(folder, file), 'utf8')))
  return { ...settings, exclude: [...settings.exclude, ...ofTypes] }
}

interface Settings {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
}

/** Whether nothing is left of a TypeScript file without its types and comments but imports and `export {}`. */
export function holdsTypesAlone(source: string): boolean {
  const code = stripTypeScriptTypes(source).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  return /^(?:\s|;|export \{\s*\})*$/.test(code)
}
