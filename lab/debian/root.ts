import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { call } from '../programs/call.ts'
import { cacheFolder } from '../run/places.ts'
import { fetchPackages, KEYRING, mirror } from './apt.ts'

const run = promisify(execFile)

/** A small Debian made of named packages: the ground that container images and the room's machine stand on. */
export interface DebianWish {
  /** What it is for; part of its name in the cache. */
  readonly name: string
  /** Debian's name of the release, as `trixie`. */
  readonly suite: string
  /** What it holds besides the essential packages and apt. */
  readonly packages: readonly string[]
  /** Keeps the texts of programs in all languages: for what people see. */
  readonly languages?: true
}

/** mmdebstrap's release: a script, so that it runs on the machine's own perl whatever release that is. */
const MAKER = { suite: 'bookworm', package: 'mmdebstrap' }

/** Where the tar of such a Debian is in the cache, or will be. */
export function tarOf(wish: DebianWish): string {
  const key = createHash('sha256')
    .update(
      JSON.stringify([
        1,
        process.arch,
        wish.suite,
        [...wish.packages].sort(),
        ...(wish.languages ? ['languages'] : []),
      ]),
    )
    .digest('hex')
    .slice(0, 12)
  const folder = join(dirname(cacheFolder()), 'debian')
  return join(folder, `${wish.suite}-${wish.name}-${key}.tar`)
}

/**
 * A tar of a Debian with those packages, in the cache; a second call finds it there and needs no network. Names and
 * times in it are fixed, so the same packages make the same bytes. Needs root: packages bring owners and devices.
 *
 * @throws with the end of mmdebstrap's log when a package or the mirror is missing.
 */
export async function debianTar(
  wish: DebianWish,
  progress: (line: string) => void = () => {},
): Promise<string> {
  const tar = tarOf(wish)
  if (existsSync(tar)) return tar
  if (process.getuid?.() !== 0)
    throw new Error(`making a Debian for ${wish.name} needs root: run it with sudo`)
  const folder = dirname(tar)
  mkdirSync(folder, { recursive: true })
  const work = mkdtempSync(join(folder, '.making-'))
  const began = Date.now()
  const tick = setInterval(() => {
    progress(`installing Debian ${wish.suite} for ${wish.name}: ${Math.round((Date.now() - began) / 1000)} s`)
  }, 10_000)
  try {
    progress(`installing Debian ${wish.suite} for ${wish.name} (about a minute, once)`)
    await bootstrap(wish, work, join(work, 'root.tar'))
    renameSync(join(work, 'root.tar'), tar)
  } finally {
    clearInterval(tick)
    rmSync(work, { recursive: true, force: true })
  }
  return tar
}

async function bootstrap(wish: DebianWish, work: string, tar: string): Promise<void> {
  const [archive] = await fetchPackages({ suite: MAKER.suite, packages: [MAKER.package], alone: true }, work)
  if (!archive) throw new Error(`Debian ${MAKER.suite} has no ${MAKER.package}`)
  await run('dpkg', ['-x', archive, join(work, 'maker')])
  const source = `deb [signed-by=${KEYRING}] ${await mirror()} ${wish.suite} main`
  const args = [
    ...['--mode=root', '--variant=minbase', '--format=tar', `--include=${wish.packages.join(',')}`],
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=Acquire::Retries "3"',
    '--aptopt=APT::Install-Recommends "false"',
    '--customize-hook=rm -rf "$1/usr/share/man" "$1/usr/share/info"',
    ...(wish.languages ? [] : ['--customize-hook=rm -rf "$1/usr/share/locale"']),
    '--customize-hook=find "$1/usr/share/doc" -type f ! -name copyright -delete',
    // Where it was made is nobody's business, and what runs from it installs nothing.
    '--customize-hook=rm -f "$1/etc/apt/sources.list" "$1/etc/resolv.conf" "$1/etc/hostname"',
    '--customize-hook=: > "$1/etc/machine-id"',
    ...[wish.suite, tar, source],
  ]
  // Its mounts stay in a namespace of their own: nothing is left behind when it is killed in the middle.
  const maker = join(work, 'maker', 'usr', 'bin', 'mmdebstrap')
  const env = { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', TMPDIR: work, SOURCE_DATE_EPOCH: '1767225600' }
  const made = await call('unshare', ['--mount', '--propagation', 'private', maker, ...args], { env })
  if (made.code === 0) return
  throw new Error(`mmdebstrap failed:\n${made.stderr.trim().split('\n').slice(-12).join('\n')}`)
}

/**
 * Such a Debian as a folder in the cache, made once. It is never written to: whoever runs on it lays something over it,
 * or mounts, in a namespace of its own.
 */
export async function unpackedDebian(wish: DebianWish, progress?: (line: string) => void): Promise<string> {
  const tar = await debianTar(wish, progress)
  const root = tar.replace(/\.tar$/, '')
  if (existsSync(root)) return root
  const making = `${root}.making-${process.pid}`
  mkdirSync(making, { recursive: true })
  await unpack(tar, making)
  if (existsSync(root)) rmSync(making, { recursive: true, force: true })
  else renameSync(making, root)
  return root
}

/** Unpacks such a tar into an empty folder. Device nodes are the running machine's own affair. */
export async function unpack(tar: string, folder: string): Promise<void> {
  await run('tar', ['-xf', tar, '-C', folder, '--exclude=./dev/*', '--numeric-owner'])
}
