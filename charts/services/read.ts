import { type Dirent, existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import type { Finding, Outcome } from '../../config/findings.ts'
import { SOURCES } from '../../config/names.ts'
import { textOf } from '../../config/utf8.ts'
import type { KubeObject } from '../kit/rendered.ts'
import { chartOf, type Service } from '../service.ts'
import { DataWish } from './data.ts'
import { readManifests } from './manifests.ts'
import { RouteWish } from './route.ts'

/** What a folder of YAML says of itself: rendered charts have a `service.yaml` of their own. */
const ABOUT = 'deskfleet.yaml'

const About = z.strictObject({
  about: z.string().min(1).max(200),
  secrets: z.array(z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/)).exactOptional(),
  route: RouteWish.exactOptional(),
  data: z
    .array(DataWish)
    .refine((all) => new Set(all.map(({ claim }) => claim)).size === all.length, 'a claim has one entry')
    .exactOptional(),
})

/** What a service in TypeScript exports as `default`. */
const Exported = z.object({
  ...About.shape,
  chart: z.custom<Service['chart']>((it) => typeof it === 'function'),
})

const NAME = /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/

/**
 * The services in a folder, each a file or a folder: `NAME.ts` or `NAME/service.ts` (TypeScript), `NAME.yaml`, or `NAME/` with
 * files of YAML at any depth. Everything else in it is left alone: a README, names that begin with a dot or an underscore.
 *
 * @param folder its path; one that is not there has no service
 * @param called what messages call it
 */
export async function readServices(folder: string, called: string): Promise<Outcome<readonly Service[]>> {
  const services: Service[] = []
  const findings: Finding[] = []
  const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : []
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const where = `${called}/${entry.name}`
    if (entry.isSymbolicLink() && !/^[._]/.test(entry.name)) {
      findings.push(wrong(where, 'it is a link', LINK_RULE, 'copy what it leads to, or delete it'))
      continue
    }
    const name = nameOf(entry)
    if (name === undefined) continue
    if (!NAME.test(name)) {
      findings.push(wrong(where, `its name is ${name}`, NAME_RULE, 'rename it'))
    } else if (name === SOURCES.program) {
      findings.push(wrong(where, `its name is ${name}`, TAKEN_RULE, 'rename it'))
    } else if (services.some((other) => other.name === name)) {
      findings.push(wrong(where, `there is another service ${name}`, 'a service has one name', 'rename one'))
    } else {
      const read = await readOne(join(folder, entry.name), where, name, entry.isDirectory())
      if (read.ok) services.push(read.value)
      else findings.push(...read.findings)
    }
  }
  return findings.length > 0 ? { ok: false, findings } : { ok: true, value: services, warnings: [] }
}

const LINK_RULE = 'what is delivered stands in Git itself'
const TAKEN_RULE = "the room's own registry and Git server keep what they have under that name"
const NAME_RULE =
  'a service is named by at most 40 small letters, digits and hyphens, and begins with a letter'

const wrong = (where: string, what: string, rule: string, mend: string): Finding => ({
  severity: 'error',
  where,
  what,
  rule,
  mend,
})

const isYaml = (file: string): boolean => /\.ya?ml$/.test(file)

/** The name of the service that an entry of the folder is; undefined where it is none. */
function nameOf(entry: Dirent): string | undefined {
  if (/^[._]/.test(entry.name)) return undefined
  if (entry.isDirectory()) return entry.name
  if (!entry.isFile()) return undefined
  return isYaml(entry.name) || (entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    ? basename(entry.name, extname(entry.name))
    : undefined
}

function readOne(path: string, where: string, name: string, isFolder: boolean): Promise<Outcome<Service>> {
  if (!isFolder && path.endsWith('.ts')) return fromCode(path, where, name)
  const code = join(path, 'service.ts')
  if (isFolder && existsSync(code)) return fromCode(code, `${where}/service.ts`, name)
  return Promise.resolve(
    isFolder ? fromFolder(path, where, name) : fromFiles([[path, where]], { about: name }, name),
  )
}

async function fromCode(path: string, where: string, name: string): Promise<Outcome<Service>> {
  const rule = 'it exports { about, chart } as default: docs/services.md'
  let loaded: unknown
  try {
    loaded = await import(pathToFileURL(path).href)
  } catch (error) {
    const what = `it cannot be loaded: ${error instanceof Error ? error.message : String(error)}`
    return { ok: false, findings: [wrong(where, what, rule, 'npm run check shows where')] }
  }
  const read = Exported.safeParse((loaded as { default?: unknown }).default)
  if (!read.success) {
    const what = z.prettifyError(read.error).replaceAll(/\s*\n\s*/g, ' ')
    return { ok: false, findings: [wrong(where, what, rule, 'correct its default export')] }
  }
  return { ok: true, value: { name, ...read.data }, warnings: [] }
}

function fromFolder(path: string, where: string, name: string): Outcome<Service> {
  const own = join(path, ABOUT)
  if (!existsSync(own)) {
    const mend = `add it, with a line such as about: Notes that all write together`
    return {
      ok: false,
      findings: [wrong(where, `it has no ${ABOUT}`, `a folder of YAML says there what it is for`, mend)],
    }
  }
  const file = textOf(`${where}/${ABOUT}`, readFileSync(own))
  if (!('text' in file)) return { ok: false, findings: [file] }
  const document = parseDocument(file.text, { prettyErrors: false })
  const read = document.errors.length > 0 ? undefined : About.safeParse(document.toJS())
  if (read?.success !== true) {
    const what = read
      ? z.prettifyError(read.error).replaceAll(/\s*\n\s*/g, ' ')
      : (document.errors[0]?.message ?? 'it is no YAML')
    const rule = 'it knows about (a sentence), secrets (a list of names), route and data (docs/services.md)'
    return { ok: false, findings: [wrong(file.name, what, rule, 'correct it')] }
  }
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((one) => isYaml(one) && one !== ABOUT)
    .sort()
    .map((one) => [join(path, one), `${where}/${one}`] as const)
  return fromFiles(files, read.data, name)
}

function fromFiles(
  paths: readonly (readonly [path: string, where: string])[],
  about: Pick<Service, 'about' | 'secrets' | 'route' | 'data'>,
  name: string,
): Outcome<Service> {
  const objects: KubeObject[] = []
  const findings: Finding[] = []
  for (const [path, where] of paths) {
    const file = textOf(where, readFileSync(path))
    if (!('text' in file)) {
      findings.push(file)
      continue
    }
    const read = readManifests(file)
    objects.push(...read.objects)
    findings.push(...read.findings)
  }
  if (findings.length > 0) return { ok: false, findings }
  if (objects.length === 0) {
    const where = paths[0]?.[1] ?? name
    const rule = 'a service is at least one object'
    return { ok: false, findings: [wrong(where, 'there is no object in it', rule, 'add one, or delete it')] }
  }
  return { ok: true, value: { name, ...about, chart: chartOf(objects) }, warnings: [] }
}
