import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
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
  const records = mkdtempSync(join(tmpdir(), 'deskfleet-coverage-'))
  try {
    const ran = await runLane({ ...lane, env: { ...lane.env, NODE_V8_COVERAGE: records } }, surroundings)
    return [ran, await report(lane.folder, records, table, surroundings)]
  } finally {
    rmSync(records, { recursive: true, force: true })
  }
}

async function report(
  folder: string,
  records: string,
  table: boolean,
  { say, print }: Surroundings,
): Promise<PartResult> {
  say('coverage by tests without a lab')
  const reporter = table ? 'text' : 'text-summary'
  const child = spawn(
    process.execPath,
    [C8, 'report', '--check-coverage', `--temp-directory=${records}`, `--reporter=${reporter}`],
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
