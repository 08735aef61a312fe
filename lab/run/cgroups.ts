import { existsSync, globSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const ROOT = '/sys/fs/cgroup'

/** The cgroup above all containers of a run. */
export const cgroupOf = (run: string): string => `/deskfleet-${run}`

/** Where a cgroup's weight is, by the kind of cgroups, and what one process beside it weighs there. */
const WEIGHTS = [
  { folder: 'cpu', file: 'cpu.shares', one: 1024 },
  { folder: '', file: 'cpu.weight', one: 100 },
] as const

/**
 * Makes the cgroup of a run weigh as much as so many processes of the machine, where processors are scarce. Without it
 * all that a run contains weighs as one: beside four busy processes a room of five PCs gets a fifth of the machine, and
 * its leases run out.
 *
 * @param root where cgroups are
 */
export function weighProcessors(run: string, processes: number, root = ROOT): void {
  for (const { folder, file, one } of WEIGHTS) {
    const group = join(root, folder, cgroupOf(run))
    if (!existsSync(join(root, folder, 'cgroup.procs'))) continue
    mkdirSync(group, { recursive: true })
    // A hierarchy that does not share out processors has no such file.
    if (existsSync(join(group, file))) writeFileSync(join(group, file), String(one * processes))
  }
}

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
