import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** By which every package list is checked. */
export const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

async function targetsOfMachine(): Promise<string[][]> {
  const format = ['--format', '$(REPO_URI) $(ORIGIN) $(LABEL)', 'Created-By: Packages']
  const { stdout } = await run('apt-get', ['indextargets', ...format])
  return stdout.split('\n').map((line) => line.split(' '))
}

/** Where Debian's security updates are: as the machine says, else beside its mirror. */
export async function securityMirror(): Promise<string> {
  const uri = await mirror()
  const own = (await targetsOfMachine()).find(([, , label]) => label === 'Debian-Security')?.[0]
  return process.env.DESKFLEET_DEBIAN_MIRROR === undefined && own
    ? own
    : uri.replace(/\/debian\/?$/, '/debian-security/')
}

/** The Debian mirror that the machine itself uses, so that a room without internet works from its own. */
export async function mirror(): Promise<string> {
  const given = process.env.DESKFLEET_DEBIAN_MIRROR
  if (given) return given
  const targets = await targetsOfMachine()
  const ours =
    targets.find(([, origin, label]) => origin === 'Debian' && label === 'Debian') ??
    targets.find(([uri]) => uri?.endsWith('/debian/'))
  if (ours?.[0]) return ours[0]
  throw new Error(
    "no Debian mirror is among this machine's package sources: name one in DESKFLEET_DEBIAN_MIRROR",
  )
}

/** A mirror, and the suites that it has. */
export interface Source {
  readonly uri: string
  readonly suites: readonly string[]
}

/** A package state of its own in `work`, in which nothing is installed: resolves with the environment that apt needs. */
export async function aptOf(work: string, sources: readonly Source[]): Promise<NodeJS.ProcessEnv> {
  for (const dir of ['state/lists/partial', 'cache/archives/partial', 'sources']) {
    mkdirSync(join(work, dir), { recursive: true })
  }
  writeFileSync(join(work, 'status'), '')
  const stanzas = sources.map(({ uri, suites }) =>
    Object.entries({
      Types: 'deb',
      URIs: uri,
      Suites: suites.join(' '),
      Components: 'main',
      'Signed-By': KEYRING,
    })
      .map(([field, value]) => `${field}: ${value}\n`)
      .join(''),
  )
  writeFileSync(join(work, 'sources', 'lab.sources'), stanzas.join('\n'))
  const config = join(work, 'apt.conf')
  writeFileSync(config, aptConfig(work))
  const env = { ...process.env, APT_CONFIG: config, DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['-q', 'update', '-o', 'APT::Update::Error-Mode=any'], { env })
  return env
}

/**
 * Paths of the archives, fetched into `work`: the packages and everything they depend on, by a package state in which
 * nothing is installed; or, `alone`, the packages without what they depend on.
 */
export async function fetchPackages(
  wish: { readonly suite: string; readonly packages: readonly string[]; readonly alone?: boolean },
  work: string,
): Promise<string[]> {
  const env = await aptOf(work, [{ uri: await mirror(), suites: [wish.suite] }])
  const archives = join(work, 'cache', 'archives')
  const install = ['-q', '-y', '--download-only', '--no-install-recommends', 'install']
  const how = wish.alone ? ['-q', 'download'] : install
  await run('apt-get', [...how, ...wish.packages], { env, cwd: archives, maxBuffer: 16 * 1024 * 1024 })
  return readdirSync(archives)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(archives, name))
}

const aptConfig = (work: string): string => `
Dir::State "${work}/state";
Dir::State::status "${work}/status";
Dir::Cache "${work}/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "${work}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "root";
APT::Default-Release "";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
`
