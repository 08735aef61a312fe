import { lchown, mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isFileError } from '../file-error.ts'
import { LAYOUT } from '../layout.ts'
import type { Side } from '../places/facts.ts'
import type { Effects } from './step.ts'

/**
 * What is neither a home nor the shared folder: the trash, copies of the directory, and what services kept. Nobody works in it:
 * while homes are moved there are no services with data (charts/services/data.ts).
 */

interface Sides {
  readonly source: Side
  readonly target: Side
}
type Roots = Readonly<Record<Side, string>>

const FOLDERS = [LAYOUT.trash, LAYOUT.copies, LAYOUT.services]

/** Whether something of it is left where it shall not be. */
export async function restIsLeft(roots: Roots, { source }: Sides): Promise<boolean> {
  for (const folder of FOLDERS) {
    const left = await readdir(join(roots[source], folder)).catch((error) => {
      if (isFileError(error, 'ENOENT')) return []
      throw error
    })
    if (left.length > 0) return true
  }
  return false
}

/** Adds each folder to that on the other side, compares every byte, and puts the old one aside. */
export async function moveRest(
  { disks, roots, copies }: Pick<Effects, 'disks' | 'copies'> & { readonly roots: Roots },
  { source, target }: Sides,
  signal: AbortSignal,
): Promise<void> {
  for (const folder of FOLDERS) {
    if (!(await restIsLeft(roots, { source, target })) || signal.aborted) return
    const from = join(roots[source], folder)
    const found = await stat(from).catch(() => undefined)
    if (found === undefined) continue
    const { staged } = disks.at(target, folder)
    const copied = await copies.add({ from, to: join(roots[target], folder), lock: `${staged}.lock` }, signal)
    if (copied.state !== 'done') throw new Error(`${folder} could not be moved: ${copied.state}`)
    await disks.putFolderAside(source, folder)
    await mkdir(from, { mode: found.mode & 0o7777 })
    await lchown(from, found.uid, found.gid)
  }
}
