import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'

/** What is to be laid into a folder. */
export interface Wanted {
  /** Bytes that it takes. */
  readonly size: number
  /** Writes it to a path at which nothing is. */
  lay(path: string): Promise<void>
  /** Whether what is read there is what was meant. */
  matches(path: string): Promise<boolean>
}

export interface FolderRules {
  readonly now: () => number
  /** Bytes that stay free for others. */
  readonly spare: number
}

const MAKING = '.making-'
/** Ms after which what is half written was left by a crash. */
const LEFT = 3_600_000

/**
 * Lays a file into a folder: whole, read again and on the disk, or not at all. What a crash left half written goes.
 *
 * @throws where there is too little room, or the disk does not give back what it was given.
 */
export async function layWhole(
  root: string,
  name: string,
  { size, lay, matches }: Wanted,
  { now, spare }: FolderRules,
): Promise<void> {
  await sweep(root, now())
  const { bavail, bsize } = await statfs(root)
  if (bavail * bsize < size + spare)
    throw new Error(`${root} has too little room for a copy of ${size} bytes: make room`)
  const making = join(root, `${MAKING}${randomUUID()}`)
  try {
    await lay(making)
    await synced(making)
    if (!(await matches(making)))
      throw new Error(`${root}: what was read again is not what was written: look at the disk`)
    await rename(making, join(root, name))
    await synced(root)
  } finally {
    await rm(making, { force: true })
  }
}

async function sweep(root: string, now: number): Promise<void> {
  for (const name of (await readdir(root)).filter((one) => one.startsWith(MAKING))) {
    const { mtimeMs } = await stat(join(root, name))
    if (now - mtimeMs > LEFT) await rm(join(root, name), { force: true })
  }
}

async function synced(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY)
  await handle.sync().finally(() => handle.close())
}
