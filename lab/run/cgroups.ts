import { existsSync, globSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const ROOT = '/sys/fs/cgroup'

/** The cgroup above all containers of a run. */
export const cgroupOf = (run: string): string => `/deskfleet-${run}`

/**
 * Removes the cgroups that a run left in every hierarchy: ended namespaces take processes, not cgroups. The last
 * processes may take a moment to go; after `patience` milliseconds it throws with the cgroup that is still in use.
 */
export async function removeCgroups(run: string, patience = 20_000): Promise<void> {
  const name = cgroupOf(run).slice(1)
  const deadline = Date.now() + patience
  for (const top of [
    join(ROOT, name),
    ...globSync(`*/${name}`, { cwd: ROOT }).map((path) => join(ROOT, path)),
  ]) {
    while (existsSync(top)) {
      try {
        removeTree(top)
      } catch (error) {
        if (Date.now() > deadline) throw error
        await sleep(50)
      }
    }
  }
}

/** A cgroup's files are the kernel's own: only its folders are removed, innermost first. */
function removeTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(folder, entry.name))
  }
  rmdirSync(folder)
}
