import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What a Secret may be named by, and so a file that is brought in one. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/

/** Bytes of all together: a Secret holds 1 MiB, in base64. */
const MOST = 512 * 1024

/**
 * Files that the API server of this master is given beside kubeadm's own, by their names. Those below a further folder, or whose
 * names no Secret can have, are left out: the heir's check finds them missing, and says so.
 *
 * @throws where they are more than a Secret can bring
 */
export async function apiFilesIn(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((one) => one.isFile() && NAME.test(one.name)).map(({ name }) => name)
  const files = await Promise.all(
    names.sort().map(async (name) => [name, await readFile(join(folder, name))] as const),
  )
  const bytes = files.reduce((sum, [, { length }]) => sum + length, 0)
  if (bytes > MOST)
    throw new Error(
      `the files of the API server are ${bytes} bytes; ${MOST} can be brought to another master`,
    )
  return new Map(files)
}
