import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from './places.ts'

const run = promisify(execFile)

/** Programs out of a Debian release, unpacked beside the machine's own and runnable without chroot. */
export interface PackageTree {
  /** Holds `usr`, `etc`, `var` as the packages have them. */
  readonly root: string
  /** One wrapper for each program asked for: put it first in PATH. */
  readonly bin: string
  /** File name of the executable that such a program is to the kernel: the release's own dynamic linker. */
  readonly becomes: string
}

export interface PackageWish {
  /** Debian's name of the release, as `trixie`. */
  readonly suite: string
  readonly packages: readonly string[]
  /** Programs of /usr/bin or /usr/sbin to make wrappers for. */
  readonly programs: readonly string[]
}

/** What the lab's directory is made of: slapd 2.6, whatever release the machine itself runs. */
export const SLAPD: PackageWish = {
  suite: 'trixie',
  packages: ['slapd', 'ldap-utils'],
  programs: [
    ...['slapd', 'slapadd', 'slapcat', 'slapmodify', 'slappasswd'],
    ...['ldapsearch', 'ldapmodify', 'ldapwhoami'],
  ],
}

export const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * Fetches packages with all they depend on, the C library included, and unpacks them into the cache; a second call
 * finds them there and needs no network. apt works in a folder of its own, so nothing of the machine's package state
 * or sources changes, and checks Debian's signature as ever. Works as root and as a plain user.
 *
 * @throws Error that lists what this machine lacks, or says what apt said.
 */
export async function packageTree(
  wish: PackageWish,
  progress: (line: string) => void = () => {},
): Promise<PackageTree> {
  const key = createHash('sha256')
    .update(JSON.stringify([2, process.arch, wish]))
    .digest('hex')
    .slice(0, 12)
  const cache = join(dirname(cacheFolder()), 'debs')
  const root = join(cache, `${wish.suite}-${wish.packages[0]}-${key}`)
  if (!existsSync(root)) await make(wish, cache, root, progress)
  return { root, bin: join(root, 'wrappers'), becomes: linkerOf(root).name }
}

async function make(
  wish: PackageWish,
  cache: string,
  root: string,
  progress: (line: string) => void,
): Promise<void> {
  await refuseUnfitMachine()
  mkdirSync(cache, { recursive: true })
  // Unpacked elsewhere and renamed when whole: a cut-short or a second fetch leaves nothing half done behind.
  const work = mkdtempSync(join(cache, '.fetch-'))
  try {
    progress(`fetching ${wish.packages.join(', ')} of Debian ${wish.suite} (about 25 MB, once)`)
    const archives = await fetchPackages(wish, work)
    const made = join(work, 'root')
    mkdirSync(made)
    for (const archive of archives) await run('dpkg', ['-x', archive, made])
    writeWrappers(made, wish.programs)
    if (!existsSync(root)) renameSync(made, root)
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
    throw new Error(
      `could not fetch ${wish.packages.join(', ')} of Debian ${wish.suite} (is the mirror in reach?): ${said.trim()}`,
    )
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function refuseUnfitMachine(): Promise<void> {
  const missing: string[] = []
  for (const tool of ['apt-get', 'dpkg', 'dpkg-deb']) {
    await run(tool, ['--version']).catch(() => missing.push(tool))
  }
  if (!existsSync(KEYRING)) missing.push(`${KEYRING} (package debian-archive-keyring)`)
  if (missing.length === 0) return
  throw new Error(
    `the lab's slapd comes from Debian packages, and this machine lacks ${missing.join(', ')}: ` +
      'run it on Debian or Ubuntu with debian-archive-keyring installed, or in a container of debian:trixie',
  )
}

/** The Debian mirror that the machine itself uses, so that a room without internet works from its own. */
export async function mirror(): Promise<string> {
  const given = process.env.DESKFLEET_DEBIAN_MIRROR
  if (given) return given
  const format = ['--format', '$(REPO_URI) $(ORIGIN) $(LABEL)', 'Created-By: Packages']
  const targets = (await run('apt-get', ['indextargets', ...format])).stdout
    .split('\n')
    .map((line) => line.split(' '))
  const ours =
    targets.find(([, origin, label]) => origin === 'Debian' && label === 'Debian') ??
    targets.find(([uri]) => uri?.endsWith('/debian/'))
  if (ours?.[0]) return ours[0]
  throw new Error(
    "no Debian mirror is among this machine's package sources: name one in DESKFLEET_DEBIAN_MIRROR",
  )
}

/**
 * Paths of the archives, fetched into `work`: the packages and everything they depend on, by a package state in which
 * nothing is installed; or, `alone`, the packages without what they depend on.
 */
export async function fetchPackages(
  wish: { readonly suite: string; readonly packages: readonly string[]; readonly alone?: boolean },
  work: string,
): Promise<string[]> {
  const uri = await mirror()
  for (const dir of ['state/lists/partial', 'cache/archives/partial', 'sources']) {
    mkdirSync(join(work, dir), { recursive: true })
  }
  writeFileSync(join(work, 'status'), '')
  const source = { Types: 'deb', URIs: uri, Suites: wish.suite, Components: 'main', 'Signed-By': KEYRING }
  writeFileSync(
    join(work, 'sources', 'lab.sources'),
    Object.entries(source)
      .map(([field, value]) => `${field}: ${value}\n`)
      .join(''),
  )
  const config = join(work, 'apt.conf')
  writeFileSync(config, aptConfig(work))
  const env = { ...process.env, APT_CONFIG: config, DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['-q', 'update', '-o', 'APT::Update::Error-Mode=any'], { env })
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

/**
 * A release's programs need that release's C library. Its own dynamic linker starts them with it, whatever the machine
 * has; `--argv0` since slapadd and its kin are slapd under other names.
 */
function writeWrappers(root: string, programs: readonly string[]): void {
  const linker = linkerOf(root)
  const libraries = readdirSync(join(root, 'usr', 'lib')).find((name) => name.includes('-linux-gnu'))
  mkdirSync(join(root, 'wrappers'))
  for (const program of programs) {
    const folder = ['sbin', 'bin'].find((dir) => existsSync(join(root, 'usr', dir, program)))
    if (!folder) throw new Error(`the packages hold no program ${program}`)
    const wrapper = join(root, 'wrappers', program)
    writeFileSync(
      wrapper,
      `#!/bin/sh
root=$(cd "$(dirname "$0")/.." && pwd)
export SASL_PATH="$root/usr/lib/${libraries}/sasl2"
exec "$root/${linker.folder}/${linker.name}" --library-path "$root/usr/lib/${libraries}" \\
  --argv0 ${program} "$root/usr/${folder}/${program}" "$@"
`,
    )
    chmodSync(wrapper, 0o755)
  }
}

function linkerOf(root: string): { folder: string; name: string } {
  for (const folder of ['usr/lib64', 'usr/lib']) {
    const path = join(root, folder)
    const name = existsSync(path)
      ? readdirSync(path).find((one) => /^ld-linux.*\.so\.\d+$/.test(one))
      : undefined
    if (name) return { folder, name }
  }
  throw new Error(`${root} has no dynamic linker: remove that folder, it will be fetched anew`)
}
