import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { aptOf, mirror, type Source, securityMirror } from '../lab/debian/apt.ts'
import { call } from '../lab/programs/call.ts'
import type { Advisory, Answer, Old } from './facts.ts'

/** A Debian package in images of ours. */
export interface Installed {
  readonly name: string
  readonly version: string
  readonly where: readonly string[]
}

const Bill = z.object({
  metadata: z.object({ component: z.object({ name: z.string() }) }),
  components: z.array(z.object({ name: z.string(), version: z.string(), purl: z.string() })),
})

/** The Debian packages of bills of materials (CycloneDX), each version once, with the images that have it. */
export function installedOf(bills: readonly string[]): Installed[] {
  const all = bills.flatMap((text) => {
    const { metadata, components } = Bill.parse(JSON.parse(text))
    return components
      .filter(({ purl }) => purl.startsWith('pkg:deb/debian/'))
      .map(({ name, version }) => ({ name, version, image: metadata.component.name }))
  })
  const groups = Map.groupBy(all, ({ name, version }) => `${name} ${version}`)
  return [...groups.values()].flatMap(([first, ...others]) =>
    first === undefined
      ? []
      : [
          {
            name: first.name,
            version: first.version,
            where: [first, ...others].map(({ image }) => `image ${image}`),
          },
        ],
  )
}

/** A version that Debian offers, and in which suite. */
export interface Offered {
  readonly version: string
  readonly suite: string
}

/** What `apt-cache madison` prints, by the name of the package; the newest first, as apt has it. */
export function offeredOf(madison: string): Map<string, Offered[]> {
  const offered = new Map<string, Offered[]>()
  for (const line of madison.split('\n')) {
    const [name = '', version = '', source = ''] = line.split('|').map((part) => part.trim())
    const suite = source.split(' ')[1]?.split('/')[0]
    if (suite === undefined || !source.endsWith('Packages')) continue
    offered.set(name, [...(offered.get(name) ?? []), { version, suite }])
  }
  return offered
}

/** What Debian has that is newer, and whether its security team sent it: then the version has a fault that it mends. */
export async function judge(
  installed: readonly Installed[],
  offered: ReadonlyMap<string, readonly Offered[]>,
  isNewer: (one: string, other: string) => Promise<boolean>,
): Promise<{ advisories: Advisory[]; old: Old[] }> {
  const advisories: Advisory[] = []
  const old: Old[] = []
  for (const { name, version, where } of installed) {
    const all = offered.get(name) ?? []
    if (all[0] === undefined || all[0].version === version) continue
    const newer: Offered[] = []
    for (const one of all) if (await isNewer(one.version, version)) newer.push(one)
    const [newest] = newer
    if (newest === undefined) continue
    old.push({ name, version, newest: newest.version, where })
    const security = newer.find(({ suite }) => suite.endsWith('-security'))
    if (security)
      advisories.push({
        id: `${security.suite} ${security.version}`,
        name,
        version,
        level: undefined,
        title: "a security update of Debian's is newer",
        fixed: security.version,
        where,
      })
  }
  return { advisories, old }
}

const isNewer = async (one: string, other: string): Promise<boolean> =>
  (await call('dpkg', ['--compare-versions', one, 'gt', other])).code === 0

/** Asks Debian's mirror, and that of its security team, about the packages in those bills of materials. */
export async function checkDebian(
  bills: readonly string[],
  missing: readonly string[],
  suite: string,
  progress: (line: string) => void,
  sources: () => Promise<Source[]> = async () => [
    { uri: await mirror(), suites: [suite, `${suite}-updates`] },
    { uri: await securityMirror(), suites: [`${suite}-security`] },
  ],
): Promise<Answer> {
  const installed = installedOf(bills)
  const unbuilt = missing.map((name) => `image ${name}: it is not built here (npm run images ${name})`)
  const none = { ecosystem: 'Debian', looked: installed.length, advisories: [], old: [] } as const
  if (installed.length === 0) return { ...none, unasked: unbuilt }
  const work = mkdtempSync(join(tmpdir(), 'deskfleet-audit-'))
  try {
    progress(`Debian: fetching the package lists of ${suite} and of its security updates`)
    const env = await aptOf(work, await sources())
    const names = [...new Set(installed.map(({ name }) => name))]
    const { stdout } = await call('apt-cache', ['madison', ...names], { env })
    return { ...none, ...(await judge(installed, offeredOf(stdout), isNewer)), unasked: unbuilt }
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
    const last =
      stderr
        .trim()
        .split('\n')
        .find((line) => /^(E|Err)\b/.test(line)) ?? stderr.slice(0, 200)
    return { ...none, unasked: [`newest versions: ${last.trim()}`, ...unbuilt] }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
