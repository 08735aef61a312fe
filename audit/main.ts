/** `audit/`: Which pinned packages have known faults, which are old, and which could not be checked. */

import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Command, Option } from 'commander'
import { debianOf } from '../lab/images/build.ts'
import { BUILT } from '../lab/images/context.ts'
import { WHEEL } from '../lab/room/balancer-image.ts'
import { cacheFolder } from '../lab/run/places.ts'
import { checkDebian } from './debian.ts'
import { type Answer, LEVELS, type Level } from './facts.ts'
import { checkGo } from './go.ts'
import { checkNpm } from './npm.ts'
import { checkPyPi } from './pypi.ts'
import { counted, reportText } from './report.ts'

const root = join(import.meta.dirname, '..')

/** `npm run audit`: the report on stdout, progress on stderr. */
const program = new Command('audit')
  .description(
    'Checks pinned packages against what advisories can be had (npm, Go, Debian, PyPI), lists what is old, and says what ' +
      'could not be checked. Changes nothing.',
  )
  .addOption(
    new Option('--level <level>', 'how bad an advisory must be to count')
      .choices([...LEVELS])
      .default('high'),
  )
  .option('--json', 'the same as JSON')
  .addHelpText(
    'after',
    '\nExit codes: 0 no advisory of that level or worse matches, 1 one does, 2 wrong usage. What could not be checked is\n' +
      'in the report, and changes no exit code.',
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action(async ({ level, json = false }: { readonly level: Level; readonly json?: boolean }) => {
    const answers = await checkAll((line) => console.error(line))
    process.stdout.write(json ? `${JSON.stringify(answers, null, 2)}\n` : reportText(answers, level))
    if (counted(answers, level) > 0) process.exitCode = 1
  })

async function checkAll(progress: (line: string) => void): Promise<Answer[]> {
  progress('npm: asking its registry about package-lock.json')
  const lock: { packages: object } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const [npm, pypi] = await Promise.all([
    checkNpm(root, Object.keys(lock.packages).length - 1),
    checkPyPi([{ requirement: WHEEL.requirement, where: 'lab/room/balancer-image.ts' }]),
  ])
  const go = await checkGo(progress)
  const bills = BUILT.map((name) => ({
    name,
    texts: globSync(`${name}-${'[0-9a-f]'.repeat(12)}/materials.json`, { cwd: images }).map((path) =>
      readFileSync(join(images, path), 'utf8'),
    ),
  }))
  const debian = await checkDebian(
    bills.flatMap(({ texts }) => texts),
    bills.filter(({ texts }) => texts.length === 0).map(({ name }) => name),
    debianOf('deskfleet').suite,
    progress,
  )
  return [npm, go, debian, pypi]
}

const images = join(dirname(cacheFolder()), 'images')

await program.parseAsync()
