import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { dataOf } from './brick.ts'
import type { Inside, Places } from './facts.ts'
import { run } from './run.ts'

/** What a PC asks of its own brick and of the other one, where there are two without an arbiter. */

/** Milliseconds in which the other one must take a connection. */
const LIMIT = 700

/** Whether a brick takes a connection at its port, from this PC. */
export async function takesConnections(inside: Inside, pc: string, port: number): Promise<boolean> {
  const { code } = await run(inside, ['bash', '-c', ': </dev/tcp/$0/$1', pc, String(port)], LIMIT)
  return code === 0
}

/** Where a brick writes down what others lack; one entry of each folder stands for the folder itself. */
const INDICES = ['xattrop', 'dirty']

/** Whether this brick knows of nothing that the other one lacks. @throws when it cannot be read */
export async function lacksNothing({ root }: Inside, { brick }: Places): Promise<boolean> {
  for (const index of INDICES) {
    const names = await readdir(join(root, dataOf(brick), '.glusterfs', 'indices', index)).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return []
        throw error
      },
    )
    if (names.some((name) => !name.startsWith(`${index}-`))) return false
  }
  return true
}
