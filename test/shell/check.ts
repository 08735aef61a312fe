import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type PackageWish, packageTree } from '../../lab/debian/packages.ts'
import { shellScripts } from './scripts.ts'

/**
 * shellcheck over every shell script, as part of `npm run check`. It is Debian's, of one release whatever this machine
 * runs, so that all see the same findings: unpacked into the cache once, with nothing installed. Where that cannot be,
 * the one on PATH serves.
 */

const root = join(import.meta.dirname, '../..')
const SHELLCHECK: PackageWish = { suite: 'trixie', packages: ['shellcheck'], programs: ['shellcheck'] }

async function command(): Promise<string> {
  try {
    return join((await packageTree(SHELLCHECK, console.log)).bin, 'shellcheck')
  } catch (error) {
    if (spawnSync('shellcheck', ['--version']).status === 0) return 'shellcheck'
    const why = error instanceof Error ? error.message : error
    throw new Error(`no shellcheck: install it (Debian's package shellcheck), or mend this: ${why}`)
  }
}

const scripts = shellScripts(root)
try {
  const { status } = spawnSync(await command(), scripts, { cwd: root, stdio: 'inherit' })
  if (status === 0) console.log(`shellcheck: ${scripts.length} scripts, no finding`)
  process.exitCode = status ?? 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
