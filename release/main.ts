/** `release/`: Raises the version: changelog, `dist/`, commit and tag. */

import { join } from 'node:path'
import { Command } from 'commander'
import { act } from './act.ts'
import { observe } from './observe.ts'
import { planRelease, planText } from './plan.ts'

/** `npm run release`: raises the version, closes the changelog's section, renders dist/, commits and tags. Pushes nothing. */
const program = new Command('release')
  .description('Makes a release of this checkout. What leaves this machine is printed, and left to you.')
  .argument(
    '[raise]',
    'major, minor, patch or a version; default: the current version if it has no tag yet, else patch',
  )
  .option('--dry-run', 'show what it would do, and do nothing')
  .addHelpText(
    'after',
    '\nExit codes: 0 done, 1 something stands in its way and nothing was done, 2 wrong usage.',
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action((raise: string | undefined, { dryRun = false }: { readonly dryRun?: boolean }) => {
    const root = join(import.meta.dirname, '..')
    const plan = planRelease(observe(root, raise, new Date()))
    process.stdout.write(planText(plan))
    if (plan.faults.length > 0) process.exitCode = 1
    else if (!dryRun) act(root, plan.steps)
  })

program.parse()
