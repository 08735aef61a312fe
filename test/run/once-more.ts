import { globSync } from 'node:fs'
import { type Lane, runLane, type Surroundings } from './lane.ts'
import type { PartResult } from './summary.ts'

/** More files than this that fail are no accident of a busy machine, and are not run once more. */
const MOST = 3

/**
 * Runs a lane, and then once more the few test files of it that failed: on a shared machine a test of dying PCs may run
 * out of its patience. What passes only then counts as passed, and is told at the end of the run, so that nobody takes
 * it for well. A file that was ended for hanging, or whose process died, is not run again.
 */
export async function runWithSecondTry(lane: Lane, surroundings: Surroundings): Promise<PartResult> {
  const first = await runLane(lane, surroundings)
  const files = surroundings.signal.aborted ? [] : filesToRepeat(lane, first)
  if (files.length === 0) return first
  surroundings.say(`once more: ${files.join(', ')}`)
  const options = lane.args.filter((arg) => arg.startsWith('--'))
  const second = await runLane({ ...lane, args: [...files, ...options] }, surroundings)
  const others = first.tests.filter(({ title }) => !files.some((file) => isOf(file, title)))
  return {
    tests: [...others, ...second.tests],
    passed: others.length + second.passed,
    failed: second.failed,
    failures: second.failures,
    unsteady: second.failed === 0 ? first.failures : [],
  }
}

/** The files of all failed tests; none where one of them is unknown, or where there are too many. */
function filesToRepeat(lane: Lane, { tests, failed }: PartResult): string[] {
  const failures = tests.filter((one) => !one.passed)
  if (failures.length !== failed) return []
  const patterns = lane.args.filter((arg) => !arg.startsWith('--'))
  const all = globSync(patterns, { cwd: lane.folder })
  const files = new Set<string>()
  for (const { title } of failures) {
    const [file, another] = all.filter((one) => isOf(one, title))
    if (file === undefined || another !== undefined) return []
    files.add(file)
  }
  return files.size > MOST ? [] : [...files].sort()
}

/** ava begins a title with the file's path, from where the paths of all files part: `door › idle.room › a title`. */
function isOf(file: string, title: string): boolean {
  const path = file.replace(/\.test\.[jt]s$/, '').split('/')
  const parts = title.split(' › ')
  return path.some((_, at) => {
    const end = path.slice(at)
    return parts.length > end.length && end.every((part, index) => parts[index] === part)
  })
}
