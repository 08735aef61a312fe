import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { aptOf, mirror, securityMirror } from '../debian/apt.ts'
import { RELEASES, type Release } from './contents.ts'
import { sumOf } from './sums.ts'

/** An archive of Debian's packages that apt takes from a folder, with all that they depend on: for PCs that reach no mirror. */

const run = promisify(execFile)
const LONG = { maxBuffer: 16 * 1024 * 1024 }

/** The list that apt reads of such a folder. */
export const INDEX = 'Packages'

/**
 * Paths of the packages, as Debian and its security updates have them today, fetched into `work`, an empty folder. Nothing
 * counts as installed, so all of it is there whatever a PC lacks. What the folder `kept` has already is not fetched again.
 */
export async function fetchArchive(
  release: Release,
  packages: readonly string[],
  kept: string,
  work: string,
): Promise<string[]> {
  const suite = RELEASES[release]
  const env = await aptOf(work, [
    { uri: await mirror(), suites: [suite, `${suite}-updates`] },
    { uri: await securityMirror(), suites: [`${suite}-security`] },
  ])
  const archives = join(work, 'cache', 'archives')
  for (const name of debsIn(kept)) copyFileSync(join(kept, name), join(archives, name))
  const install = ['--no-install-recommends', 'install', ...packages]
  const simulated = await run('apt-get', ['-q', '-s', ...install], { env, ...LONG })
  await run('apt-get', ['-q', '-y', '--download-only', ...install], { env, ...LONG })
  // What was kept may be older than what is wanted now.
  const wanted = installedBy(simulated.stdout)
  return debsIn(archives)
    .filter((name) => wanted.has(withoutArchitecture(name)))
    .map((name) => join(archives, name))
}

const debsIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.deb')) : []

/** `NAME_VERSION` of a package's file, whose colons apt writes as `%3a`. */
export const withoutArchitecture = (file: string): string =>
  file.replace(/_[a-z0-9]+\.deb$/, '').replaceAll('%3a', ':')

/** `NAME_VERSION` of what a simulation of apt would install: lines of `Inst NAME (VERSION …)`. */
export const installedBy = (simulation: string): ReadonlySet<string> =>
  new Set(
    [...simulation.matchAll(/^Inst (\S+) (?:\[[^\]]*\] )?\((\S+)/gm)].map(
      ([, name, version]) => `${name}_${version}`,
    ),
  )

/** What apt has to know of the packages in a folder: each one's own words, where it lies, and its sum. */
export async function indexOf(folder: string): Promise<string> {
  const stanzas: string[] = []
  for (const name of debsIn(folder).sort()) {
    const path = join(folder, name)
    const { stdout } = await run('dpkg-deb', ['--field', path], LONG)
    stanzas.push(
      `${stdout.trimEnd()}\nFilename: ./${name}\nSize: ${statSync(path).size}\nSHA256: ${await sumOf(path)}\n`,
    )
  }
  return stanzas.join('\n')
}
