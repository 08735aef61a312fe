import { inspect } from 'node:util'
import type { Surroundings } from './lane.ts'
import { failure, type PartResult, summary } from './summary.ts'

/** One part of a run. What it throws counts as one failure. */
export type Part = (surroundings: Surroundings) => Promise<PartResult | readonly PartResult[]>

/** One after the other as one part: each runs whatever becomes of those before. */
export const inTurn =
  (...parts: readonly Part[]): Part =>
  async (surroundings) => {
    const results: PartResult[] = []
    for (const part of parts) {
      if (surroundings.signal.aborted) break
      results.push(...(await outcomeOf(part, surroundings)))
    }
    return results
  }

/** What it throws is one failure. */
async function outcomeOf(part: Part, surroundings: Surroundings): Promise<PartResult[]> {
  try {
    return [await part(surroundings)].flat()
  } catch (error) {
    console.error(error)
    return [failure(inspect(error))]
  }
}

/**
 * Runs stages one after the other, the parts of a stage side by side, each to its end, whatever becomes of the others.
 * However the process ends, its last words are the summary, and its exit code says whether all passed. SIGINT and
 * SIGTERM end the parts early and let them clean up; a second signal waits for nothing.
 */
export async function run(stages: readonly (readonly Part[])[]): Promise<void> {
  const since = performance.now()
  const say = (line: string): void =>
    console.log(`[${((performance.now() - since) / 1000).toFixed(0).padStart(4)} s] ${line}`)
  const results: PartResult[] = []
  const ending = new AbortController()

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (ending.signal.aborted) process.exit(1)
      results.push(failure(`the run was ended by ${signal}`))
      say(`${signal}: ending what runs; once more ends at once`)
      ending.abort()
    })
  }
  process.once('exit', (code) => {
    const passed = results.every(({ failed }) => failed === 0)
    if (passed && code !== 0) results.push(failure(`the run ended with code ${code}`))
    console.log(summary(results))
    process.exitCode = passed ? code : 1
  })

  const surroundings: Surroundings = { say, print: console.log, signal: ending.signal }
  for (const parts of stages) {
    if (ending.signal.aborted) break
    await Promise.all(parts.map(async (part) => void results.push(...(await outcomeOf(part, surroundings)))))
  }
}
