import { z } from 'zod'
import type { Answer } from './facts.ts'

/** What PyPI says of a package: its newest version, and the known faults of the version that was asked about. */
const Package = z.object({
  info: z.object({ version: z.string() }),
  vulnerabilities: z.array(
    z.object({
      id: z.string(),
      summary: z.string().nullish(),
      details: z.string().nullish(),
      fixed_in: z.array(z.string()).default([]),
      withdrawn: z.string().nullish(),
    }),
  ),
})

/** `name==version`, as pip is told. */
export interface Requirement {
  readonly requirement: string
  readonly where: string
}

/** Asks PyPI at `index` about each; nobody is asked about a version in any other way. */
export async function checkPyPi(
  requirements: readonly Requirement[],
  index = 'https://pypi.org/pypi',
): Promise<Answer> {
  const answers = await Promise.all(requirements.map((one) => checkOne(one, index)))
  return {
    ecosystem: 'PyPI',
    looked: requirements.length,
    advisories: answers.flatMap(({ advisories }) => advisories),
    old: answers.flatMap(({ old }) => old),
    unasked: answers.flatMap(({ unasked }) => unasked),
  }
}

type Part = Pick<Answer, 'advisories' | 'old' | 'unasked'>

async function checkOne({ requirement, where }: Requirement, index: string): Promise<Part> {
  const [name = '', version = ''] = requirement.split('==')
  const newest = await ask(`${index}/${name}/json`)
  if (typeof newest === 'string') return { advisories: [], old: [], unasked: [`${name}: ${newest}`] }
  const old =
    newest.info.version === version ? [] : [{ name, version, newest: newest.info.version, where: [where] }]
  const own = newest.info.version === version ? newest : await ask(`${index}/${name}/${version}/json`)
  if (typeof own === 'string')
    return { advisories: [], old, unasked: [`advisories of ${name} ${version}: ${own}`] }
  const advisories = own.vulnerabilities
    .filter(({ withdrawn }) => !withdrawn)
    .map(({ id, summary, details, fixed_in }) => ({
      id,
      name,
      version,
      level: undefined,
      title: summary || details?.split('\n')[0] || '',
      fixed: fixed_in[0],
      where: [where],
    }))
  return { advisories, old, unasked: [] }
}

async function ask(url: string): Promise<z.infer<typeof Package> | string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(20_000) })
    if (!response.ok) return `${url} answered ${response.status}`
    return Package.parse(await response.json())
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : ''
    return `${url}: ${cause || (error instanceof Error ? error.message : String(error))}`
  }
}
