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
import { cacheFolder } from '../run/places.ts'
import { fetchPackages, KEYRING } from './apt.ts'

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

/** Whether they are in the cache. */
export const hasPackageTree = (wish: PackageWish): boolean => existsSync(rootOf(wish))

function rootOf(wish: PackageWish): string {
  const key = createHash('sha256')
    .update(JSON.stringify([2, process.arch, wish]))
    .digest('hex')
    .slice(0, 12)
  return join(dirname(cacheFolder()), 'debs', `${wish.suite}-${wish.packages[0]}-${key}`)
}

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
  const root = rootOf(wish)
  if (!existsSync(root)) await make(wish, dirname(root), root, progress)
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
