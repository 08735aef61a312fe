import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { throwAwayLane } from './throw-away.ts'

/** Runs a program that calls `run` with these parts (source text); `signalled` is sent once it says `passes`. */
async function runOf(
  t: ExecutionContext,
  parts: string,
  signalled?: NodeJS.Signals,
): Promise<{ code: number | null; last: string[] }> {
  const program = join(temporaryFolder(), 'program.ts')
  writeFileSync(
    program,
    `import { inTurn, run } from '${join(import.meta.dirname, 'run.ts')}'
import { runLane } from '${join(import.meta.dirname, 'lane.ts')}'
const passed = async () => ({ passed: 2, failed: 0, tests: [], failures: [], unsteady: [] })
await run([[${parts}]])`,
  )
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.teardown(() => void child.kill('SIGKILL'))
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (signalled && text.includes('passes')) child.kill(signalled)
  })
  const [code] = await once(child, 'close')
  return { code, last: said.trimEnd().split('\n') }
}

test('all passed: one line, code 0', async (t) => {
  const { code, last } = await runOf(t, 'passed, passed')
  t.deepEqual([code, last], [0, ['4 passed, 0 failed']])
})

test('a part that throws is a failure, the others still count', async (t) => {
  const { code, last } = await runOf(t, `passed, async () => { throw new Error('no lab') }`)
  t.is(code, 1)
  t.is(last[0], 'failed:')
  t.regex(last[1] ?? '', /Error: no lab/)
  t.is(last.at(-1), '2 passed, 1 failed')
})

test('of two parts in turn the second runs although the first throws, and both count', async (t) => {
  const { code, last } = await runOf(t, `inTurn(async () => { throw new Error('no room') }, passed)`)
  t.is(code, 1)
  t.regex(last[1] ?? '', /Error: no room/)
  t.is(last.at(-1), '2 passed, 1 failed')
})

test('an error beside all parts ends the run with its summary', async (t) => {
  const { code, last } = await runOf(
    t,
    `passed, () => { setTimeout(() => { throw new Error('beside') }, 50); return new Promise(() => {}) }`,
  )
  t.not(code, 0)
  t.is(last.at(-1), '2 passed, 1 failed')
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends what runs, and the summary is the last that is said`, async (t) => {
    const lane = throwAwayLane(['passes.test.js', 'stands.test.js'], 60_000)
    const part = `(surroundings) => runLane(${JSON.stringify(lane)}, surroundings)`
    const { code, last } = await runOf(t, part, signal)
    t.is(code, 1)
    t.true(last.includes(`the run was ended by ${signal}`))
    t.is(last.at(-1), '1 passed, 2 failed')
  })
}
