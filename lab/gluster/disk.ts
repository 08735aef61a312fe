import { existsSync, renameSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exec, folderOf, rootOf } from './pc.ts'

/** What stands on the disk of a PC that is on, past Gluster: the only witness that a copy is there. */
export function readOnDisk(dir: string, name: string, path: string): Promise<Buffer> {
  return readFile(join(rootOf(dir, name), 'brick', path))
}

/** SHA-256 of every file below a folder of the disk, by its path in it; Gluster's own book-keeping is left out. */
export async function sumsOnDisk(dir: string, name: string, folder: string): Promise<Map<string, string>> {
  const find = `cd "/brick/$1" && find . -path ./.glusterfs -prune -o -type f -print0 | xargs -0 -r sha256sum -z`
  const { code, stdout, stderr } = await exec(dir, name, ['sh', '-c', find, 'sums', folder])
  if (code !== 0) throw new Error(`cannot read /brick/${folder} of ${name}: ${stderr.trim()}`)
  const lines = stdout.split('\0').filter(Boolean)
  return new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]))
}

/** The disk of a PC that is on dies: whatever is open fails, and where it was mounted there is an empty folder. */
export async function loseDisk(dir: string, name: string): Promise<void> {
  const image = join(folderOf(dir, name), 'disk.img')
  const dying = 'xfs_io -x -c shutdown /brick && umount --lazy /brick'
  const { code, stderr } = await exec(dir, name, ['sh', '-c', dying])
  if (code !== 0) throw new Error(`the disk of ${name} cannot be taken away: ${stderr.trim()}`)
  // It is not there after the next start either.
  if (existsSync(image)) renameSync(image, `${image}.dead`)
}
