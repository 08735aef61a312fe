import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** What a folder that synth may swap looks like: nothing but what synth writes. */
const OURS = /^[a-z0-9-]+\/[A-Z][A-Za-z.]*\.[a-z0-9.-]+\.yaml$/

/** Why this place cannot be swapped, or nothing when it can: whatever is not ours would be lost. */
export function swapFault(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined
  if (!statSync(folder).isDirectory()) return 'it is not a folder'
  const stranger = [...readFolder(folder).keys()].find((path) => !OURS.test(path))
  return stranger === undefined ? undefined : `it holds ${stranger}, which synth did not write`
}

/** Reads a folder as path to text; an absent folder is empty. */
export function readFolder(folder: string): ReadonlyMap<string, string> {
  if (!existsSync(folder)) return new Map()
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return new Map(
    files.map((entry): [string, string] => {
      const path = join(entry.parentPath, entry.name)
      return [relative(folder, path), readFileSync(path, 'utf8')]
    }),
  )
}

/**
 * Puts exactly these files into `folder`: written whole beside it, then renamed into its place, so that a
 * failure at any moment leaves the old folder or the new one, never a mixture.
 */
export function swapFolder(folder: string, files: ReadonlyMap<string, string>): void {
  const mark = randomBytes(4).toString('hex')
  const [fresh, old] = [`${folder}.tmp-${mark}`, `${folder}.tmp-${mark}-old`]
  try {
    for (const [path, text] of files) {
      const target = join(fresh, path)
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, text)
    }
    if (existsSync(folder)) renameSync(folder, old)
    renameSync(fresh, folder)
  } finally {
    // If the second rename failed, the old folder goes back to its place.
    if (!existsSync(folder) && existsSync(old)) renameSync(old, folder)
    rmSync(fresh, { recursive: true, force: true })
    rmSync(old, { recursive: true, force: true })
  }
}
