import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { machine } from '../../bench/machine.ts'
import { writeResult } from '../../bench/results.ts'
import { runLane } from '../run/lane.ts'
import { type Deciding, decidingFiles } from './deciding.ts'
import { type Mutant, mutantsOf, spread, withMutant } from './mutants.ts'

/**
 * `npm run mutate`: makes small faults, one at a time, in the files that decide, and runs the unit tests that load
 * them. A fault that no test sees has survived. The score is told and kept in bench/results/mutation.json, and
 * asserted nowhere. Works in copies of the sources; `--most` bounds the faults of one file, `--minutes` the whole.
 */

const root = join(import.meta.dirname, '../..')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    most: { type: 'string', default: '12' },
    minutes: { type: 'string', default: '30' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  console.log(`npm run mutate [-- --most N] [--minutes N] [FILE...]

Makes small faults in the files that decide, or in FILE alone, and tells which of them no unit test sees.
--most     faults of one file at most (12)
--minutes  for all of them (30)`)
  process.exit(0)
}
const end = Date.now() + Number(values.minutes) * 60_000

interface Judged {
  readonly file: string
  readonly tests: number
  tried: number
  caught: number
  readonly survived: string[]
}

const copies: string[] = []
process.once('exit', () => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true })
})
const ending = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())
const isOver = (): boolean => ending.signal.aborted || Date.now() > end

/** The sources as Git has them and as they are now, to be broken at will. */
function newCopy(): string {
  const copy = mkdtempSync(join(tmpdir(), 'deskfleet-mutate-'))
  copies.push(copy)
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  for (const path of list.split('\0').filter((one) => one !== '' && !one.startsWith('dist/'))) {
    mkdirSync(dirname(join(copy, path)), { recursive: true })
    cpSync(join(root, path), join(copy, path))
  }
  cpSync(join(root, 'dist'), join(copy, 'dist'), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

async function passes(copy: string, tests: readonly string[]): Promise<boolean> {
  const lane = {
    title: 'with a fault',
    folder: copy,
    args: [...tests, '--fail-fast', '--concurrency=1', '--timeout=30s'],
    patience: 60_000,
  }
  const { passed, failed } = await runLane(lane, {
    say: () => {},
    print: () => {},
    signal: ending.signal,
  })
  return failed === 0 && passed > 0
}

async function judge({ file, tests }: Deciding, copy: string): Promise<Judged> {
  const text = readFileSync(join(root, file), 'utf8')
  const judged: Judged = { file, tests: tests.length, tried: 0, caught: 0, survived: [] }
  if (tests.length === 0 || isOver()) return judged
  if (!(await passes(copy, tests)))
    throw new Error(`${file}: its tests fail without a fault: ${tests.join(', ')}`)
  for (const mutant of spread(mutantsOf(file, text), Number(values.most))) {
    if (isOver()) break
    writeFileSync(join(copy, file), withMutant(text, mutant))
    const survived = await passes(copy, tests)
    if (ending.signal.aborted) break
    judged.tried++
    if (survived) judged.survived.push(described(text, mutant))
    else judged.caught++
  }
  writeFileSync(join(copy, file), text)
  return judged
}

/** `12: a === b, !==`: the line, what stands there, and what it became. */
function described(text: string, { start, end, to }: Mutant): string {
  const line = text.slice(0, start).split('\n').length
  return `${line}: ${(text.split('\n')[line - 1] ?? '').trim()}  [${text.slice(start, end)} -> ${to || 'nothing'}]`
}

const score = ({ caught, tried }: { caught: number; tried: number }): string =>
  tried === 0 ? '' : `${Math.round((100 * caught) / tried)} %`

const wanted = decidingFiles().filter(({ file }) => positionals.length === 0 || positionals.includes(file))
const waiting = wanted.values()
const results: Judged[] = []
await Promise.all(
  Array.from({ length: Math.min(availableParallelism(), wanted.length) }, async () => {
    const copy = newCopy()
    for (const one of waiting) {
      const judged = await judge(one, copy).catch((error: Error): Judged => {
        console.error(error.message)
        return { file: one.file, tests: one.tests.length, tried: 0, caught: 0, survived: [] }
      })
      results.push(judged)
      console.log(
        `${results.length} of ${wanted.length}  ${judged.file}: ${judged.caught} of ${judged.tried} caught`,
      )
      for (const one of judged.survived) console.log(`    survived  ${one}`)
    }
  }),
)
results.sort((a, b) => a.file.localeCompare(b.file))
const all = {
  tried: results.reduce((sum, { tried }) => sum + tried, 0),
  caught: results.reduce((sum, { caught }) => sum + caught, 0),
}
console.log('\n| file | unit tests | faults | caught | |\n| --- | --- | --- | --- | --- |')
for (const one of results)
  console.log(`| ${one.file} | ${one.tests} | ${one.tried} | ${one.caught} | ${score(one)} |`)
console.log(`| all | | ${all.tried} | ${all.caught} | ${score(all)} |`)
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim()
if (positionals.length === 0 && !ending.signal.aborted)
  writeResult('mutation', { machine: machine(), commit, ...all, files: results })
