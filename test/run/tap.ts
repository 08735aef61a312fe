/** A test or a hook that ended: `door › idle.room › before hook`. */
export interface Verdict {
  readonly title: string
  readonly passed: boolean
  /** Seconds since the verdict before it: with hooks, and right where test files run one after the other. */
  readonly took: number
}

/** What ava's TAP lines said so far. A failure is kept with all that its test told. */
export interface TapReading {
  readonly passed: number
  readonly failed: number
  readonly tests: readonly Verdict[]
  /** Lines, in their order: the title of each failed test, then what it told. */
  readonly failures: readonly string[]
  /** The plan was read: all test files have ended. */
  readonly over: boolean
  /** Whose lines follow: those of a failed test are kept, up to the next verdict, the title of a hook, or the plan. */
  readonly following: 'passed' | 'failed' | undefined
}

export const NOTHING_READ: TapReading = {
  passed: 0,
  failed: 0,
  tests: [],
  failures: [],
  over: false,
  following: undefined,
}

/** How one line is shown: with the time before it, as it is, or not at all. */
export type Shown = { readonly how: 'timed' | 'plain'; readonly text: string } | undefined

const VERDICT = /^(ok|not ok) \d+(?: - )?(.*)/
const PLAN = /^1\.\.\d+/
/** What a test tells of itself: the figures that it measured. */
const TOLD = /^# {3}/
/** The title of a hook that ended; what it told comes after it. */
const HOOK = /^# \S/
const FRAME = /^(TAP version|1\.\.\d+|# |\s*$)/

/** Reads one more line; `took` is the seconds since the last verdict. */
export function readTap(before: TapReading, line: string, took = 0): { reading: TapReading; shown: Shown } {
  const [, result, title = ''] = VERDICT.exec(line) ?? []
  if (result === 'ok' || result === 'not ok') {
    const failed = result === 'not ok'
    const reading: TapReading = {
      ...before,
      passed: before.passed + (failed ? 0 : 1),
      failed: before.failed + (failed ? 1 : 0),
      tests: [...before.tests, { title, passed: !failed, took }],
      failures: failed ? [...before.failures, title] : before.failures,
      following: failed ? 'failed' : 'passed',
    }
    return { reading, shown: { how: 'timed', text: `${result}  ${title}` } }
  }
  const reading: TapReading = PLAN.test(line)
    ? { ...before, over: true, following: undefined }
    : HOOK.test(line)
      ? { ...before, following: undefined }
      : before.following === 'failed'
        ? { ...before, failures: [...before.failures, line] }
        : before
  if (TOLD.test(line)) return { reading, shown: { how: 'timed', text: line.replace('#', '   ') } }
  return { reading, shown: FRAME.test(line) ? undefined : { how: 'plain', text: line } }
}
