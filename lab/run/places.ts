import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Where the lab keeps what outlives one command. The only file of the bare lab that reads the environment for
 * places, so that `docs/lab.md` can name them all.
 */

/** Binaries and CRDs, kept outside the checkout so that a fresh clone on the same machine finds them. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'deskfleet', 'bin')
}

/** One folder per run: its record, certificates, logs and data. */
export function runsFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'deskfleet', 'lab')
}

/** The folder with the pinned Go modules that the lab's binaries and CRDs come from. */
export const MODULES = join(import.meta.dirname, '..', 'modules')

export const DEFAULT_NAME = 'lab'

const NAME = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/

/** Why a run may not have that name, or undefined when it may: a name becomes a folder and a label. */
export function refuseName(name: string): string | undefined {
  if (NAME.test(name)) return undefined
  return `"${name}" cannot name a lab: use 1 to 32 of a-z, 0-9 and "-", with a letter or digit at both ends`
}

/** The folder of the run called `name`. */
export function runFolder(name: string): string {
  const refusal = refuseName(name)
  if (refusal) throw new Error(refusal)
  return join(runsFolder(), name)
}
