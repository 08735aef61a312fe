import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Step } from './plan.ts'

/**
 * Does the steps that stay on this machine, in their order; those by hand are left out.
 *
 * @throws when a command fails: what was written before it stays, and `git restore .` takes it back.
 */
export function act(root: string, steps: readonly Step[]): void {
  for (const step of steps) {
    if (step.kind === 'write') writeFileSync(join(root, step.path), step.text)
    if (step.kind === 'run') {
      const [program, ...args] = step.command
      const file = program === 'node' ? process.execPath : (program ?? '')
      execFileSync(file, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    }
  }
}
