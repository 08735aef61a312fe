/** `main.ts`: Reads `cluster.yaml`, builds the charts, checks them, and swaps them into `dist/`. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { Command } from 'commander'
import { compileCluster } from './charts/apps.ts'
import { plan, planText } from './charts/kit/plan.ts'
import { readFolder, swapFault, swapFolder } from './charts/kit/write.ts'
import { readServices } from './charts/services/read.ts'
import { type Finding, sentence } from './config/findings.ts'
import { readCluster } from './config/read.ts'
import { referencePage } from './config/reference.ts'
import { byRelease, readRelease } from './config/release.ts'
import { jsonSchema } from './config/schema.ts'
import { textOf } from './config/utf8.ts'

interface Options {
  readonly config: string
  readonly overlay: readonly string[]
  readonly release: string
  readonly services: string
  readonly out: string
  readonly plan?: true
  readonly check?: true
}

const home = import.meta.dirname

const program = new Command('synth')
  .description('Reads cluster.yaml, builds the charts, checks them, and swaps them into dist/.')
  .option('--config <file>', 'the file to read', resolve(home, 'cluster.yaml'))
  .option('--overlay <file>', 'a file to lay over it (may be given more than once)', append, [])
  .option(
    '--release <file>',
    'the digests of our images, as npm run release wrote them; none where there is no such file',
    resolve(home, 'release/images.json'),
  )
  .option('--services <folder>', 'services of your own: docs/services.md', resolve(home, 'services'))
  .option('--out <folder>', 'the folder to write', resolve(home, 'dist'))
  .option('--plan', 'show what would change, with what could hurt, and write nothing')
  .option('--check', 'write nothing; fail when the folder is not what synth would write')
  .addHelpText(
    'after',
    '\nExit codes: 0 done, 1 mistakes found (or, with --check, a stale folder), 2 wrong usage.',
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))

process.exitCode = await run(program.parse().opts<Options>())

function append(value: string, earlier: string[]): string[] {
  return [...earlier, value]
}

async function run(options: Options): Promise<number> {
  const { config, overlay, release, services: own, out: folder, plan: planOnly, check } = options
  const started = performance.now()
  const files = read([config, ...overlay])
  if (!files.ok) return refuse(files.findings)
  const [file, ...overlays] = files.value
  const cluster = file === undefined ? undefined : readCluster(file, overlays)
  if (cluster === undefined || !cluster.ok) return refuse(cluster?.findings ?? [])
  const record = existsSync(release)
    ? readRelease(relative(process.cwd(), release), readFileSync(release, 'utf8'))
    : undefined
  if (record !== undefined && 'finding' in record) return refuse([record.finding])

  const services = await readServices(own, relative(process.cwd(), own) || own)
  if (!services.ok) return refuse(services.findings)
  const compiled = compileCluster(record ? byRelease(cluster.value, record) : cluster.value, services.value)
  if (!compiled.ok) return refuse(compiled.findings)
  for (const warning of [...cluster.warnings, ...compiled.warnings]) console.error(sentence(warning))

  const out = resolve(folder)
  const fault = folder === '' ? 'it has no name' : swapFault(out)
  if (fault !== undefined) return refuse([unwritable(out, fault)])
  const changes = plan(readFolder(out), compiled.value.files)
  const name = relative(process.cwd(), out) || out
  if (planOnly === true) {
    process.stdout.write(planText(changes))
    return 0
  }
  if (check === true) {
    if (changes.length === 0) return 0
    process.stderr.write(planText(changes))
    console.error(
      `${name} is not what cluster.yaml and the charts give: run npm run synth, and commit ${name} with them.`,
    )
    return 1
  }
  try {
    swapFolder(out, compiled.value.files)
  } catch (error) {
    return refuse([unwritable(out, error instanceof Error ? error.message : String(error))])
  }
  if (out === resolve(home, 'dist')) describe()
  // `cdk8s synth` expects the manifests in the folder that it emptied, too.
  const outdir = process.env.CDK8S_OUTDIR
  if (outdir !== undefined) swapFolder(resolve(outdir), compiled.value.files)
  const took = ((performance.now() - started) / 1000).toFixed(2)
  console.log(`${name}: ${compiled.value.files.size} objects, ${changes.length} changed, in ${took} s.`)
  return 0
}

/** What editors and people read about the settings: it follows from the schema alone. */
function describe(): void {
  writeFileSync(resolve(home, 'cluster.schema.json'), `${JSON.stringify(jsonSchema(), null, 2)}\n`)
  writeFileSync(resolve(home, 'docs/configuration.md'), referencePage(jsonSchema()))
}

function read(paths: readonly string[]) {
  const findings: Finding[] = []
  const files = paths.flatMap((path) => {
    const name = relative(process.cwd(), path)
    try {
      const file = textOf(name, readFileSync(path))
      if ('text' in file) return [file]
      findings.push(file)
      return []
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error)
      const rule = 'the file must be readable'
      findings.push({ severity: 'error', where: name, what, rule, mend: 'check its name and its rights' })
      return []
    }
  })
  return findings.length > 0 ? { ok: false as const, findings } : { ok: true as const, value: files }
}

function unwritable(out: string, what: string): Finding {
  const where = `--out ${relative(process.cwd(), out) || out}`
  const rule = 'the folder is replaced whole, so it must be one that synth may write, and hold nothing else'
  return { severity: 'error', where, what, rule, mend: 'name a folder of its own' }
}

function refuse(findings: readonly Finding[]): number {
  for (const finding of findings) console.error(sentence(finding))
  const count = findings.filter(({ severity }) => severity === 'error').length
  console.error(`${count} ${count === 1 ? 'mistake' : 'mistakes'}; nothing was written.`)
  return 1
}
