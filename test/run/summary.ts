import type { Verdict } from './tap.ts'

/** What one part of the run came to: an ava lane, or something that had to be made for one. */
export interface PartResult {
  readonly passed: number
  readonly failed: number
  readonly tests: readonly Verdict[]
  /** Lines: each failure with what its test told, whole, whatever ran beside it. */
  readonly failures: readonly string[]
  /** Lines: the same of tests that passed only when their file was run once more. */
  readonly unsteady: readonly string[]
}

/** What made something for others, and ran no test. */
export const NOTHING_RUN: PartResult = { passed: 0, failed: 0, tests: [], failures: [], unsteady: [] }

export const failure = (...lines: string[]): PartResult => ({
  passed: 0,
  failed: 1,
  tests: [],
  failures: lines,
  unsteady: [],
})

/** Files that took less than this many seconds are not worth a line. */
const LONG = 60

/** The test files that took longest, so that whoever must make a run shorter knows where. */
function slowest(parts: readonly PartResult[]): string[] {
  const tests = parts.flatMap((part) => part.tests)
  const files = Object.entries(
    Object.groupBy(tests, ({ title }) => title.split(' › ').slice(0, -1).join(' › ')),
  )
  const seconds = files.map(([file, own = []]) => ({
    file,
    took: own.reduce((sum, { took }) => sum + took, 0),
  }))
  return seconds
    .filter(({ took }) => took >= LONG)
    .sort((a, b) => b.took - a.took)
    .map(({ file, took }) => `${took.toFixed(0).padStart(6)} s  ${file}`)
}

/** What is said at the very end: of a long log often the end alone is kept. */
export function summary(parts: readonly PartResult[]): string {
  const sum = (of: (part: PartResult) => number): number => parts.reduce((all, part) => all + of(part), 0)
  const failures = parts.flatMap((part) => part.failures)
  const unsteady = parts.flatMap((part) => part.unsteady)
  const slow = slowest(parts)
  return [
    ...(slow.length > 0 ? ['took longest:', ...slow] : []),
    ...(unsteady.length > 0 ? ['passed only when run once more; at first:', ...unsteady] : []),
    ...(failures.length > 0 ? ['failed:', ...failures] : []),
    `${sum((part) => part.passed)} passed, ${sum((part) => part.failed)} failed`,
  ].join('\n')
}
