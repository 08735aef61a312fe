import { z } from 'zod'
import { call } from '../lab/programs/call.ts'
import type { Advisory, Answer, Old } from './facts.ts'

const Level = z.enum(['low', 'moderate', 'high', 'critical'])

/** What `npm audit --json` says; the registry's refusal has a message instead. */
const Report = z.object({
  vulnerabilities: z.record(
    z.string(),
    z.object({
      via: z.array(
        z.union([
          // The name of another package of the list, through which this one has it.
          z.string(),
          z.object({ title: z.string(), url: z.string(), severity: z.string(), range: z.string() }),
        ]),
      ),
      range: z.string(),
      fixAvailable: z.union([z.boolean(), z.object({ name: z.string(), version: z.string() })]).optional(),
    }),
  ),
})

const Refusal = z.object({
  message: z.string().optional(),
  error: z.object({ summary: z.string() }).optional(),
})

/** The advisories in a report, or why there is none. */
export function readReport(text: string): Advisory[] | string {
  const json = jsonOf(text)
  const report = Report.safeParse(json)
  if (!report.success) {
    const refusal = Refusal.safeParse(json).data
    return (
      refusal?.message || refusal?.error?.summary || `npm audit said ${JSON.stringify(text.slice(0, 80))}`
    )
  }
  return Object.entries(report.data.vulnerabilities).flatMap(([name, { via, fixAvailable }]) =>
    via.flatMap((one) => {
      if (typeof one === 'string') return []
      const fixed = typeof fixAvailable === 'object' ? fixAvailable.version : undefined
      return [
        {
          id: one.url.split('/').at(-1) ?? one.url,
          name,
          version: one.range,
          level: Level.safeParse(one.severity).data,
          title: one.title,
          fixed,
          where: ['package-lock.json'],
        },
      ]
    }),
  )
}

const Outdated = z.record(z.string(), z.object({ wanted: z.string(), latest: z.string() }))

/** What `npm outdated --json` lists, or why it lists nothing. */
export function readOutdated(text: string): Old[] | string {
  const outdated = Outdated.safeParse(jsonOf(text || '{}'))
  if (!outdated.success) return `npm outdated said ${JSON.stringify(text.slice(0, 80))}`
  return Object.entries(outdated.data)
    .filter(([, { wanted, latest }]) => wanted !== latest)
    .map(([name, { wanted, latest }]) => ({
      name,
      version: wanted,
      newest: latest,
      where: ['package.json'],
    }))
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Asks the registry that npm is configured for about everything in the lock in `root`. */
export async function checkNpm(root: string, locked: number, env = process.env): Promise<Answer> {
  const npm = async (...args: string[]): Promise<string> =>
    (
      await call('npm', [...args, '--json', '--fetch-retries=1', '--fetch-timeout=30000'], {
        cwd: root,
        env,
        timeout: 120_000,
      })
    ).stdout
  const report = readReport(await npm('audit'))
  const old = readOutdated(await npm('outdated'))
  return {
    ecosystem: 'npm',
    looked: locked,
    advisories: typeof report === 'string' ? [] : report,
    old: typeof old === 'string' ? [] : old,
    unasked: [
      ...(typeof report === 'string' ? [`advisories: ${report}`] : []),
      ...(typeof old === 'string' ? [`newest versions: ${old}`] : []),
    ],
  }
}
