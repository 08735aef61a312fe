import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CROWN } from '../../config/names.ts'

/** Such files by name, or why they cannot be brought. */
export type ApiFiles = { readonly files: ReadonlyMap<string, Buffer> } | { readonly refusal: string }

/** What a Secret may be named by, and so a file that is brought in one. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/

/** Bytes of all together: a Secret holds 1 MiB, in base64. */
const MOST = 512 * 1024

/**
 * Files that the API server of this master is given beside kubeadm's own, by their names. Those below a further folder, or whose
 * names no Secret can have, are left out: the heir's check finds them missing, and says so.
 */
export async function apiFilesIn(folder: string): Promise<ApiFiles> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((one) => one.isFile() && NAME.test(one.name)).map(({ name }) => name)
  const files = await Promise.all(
    names.sort().map(async (name) => [name, await readFile(join(folder, name))] as const),
  )
  const bytes = files.reduce((sum, [, { length }]) => sum + length, 0)
  if (bytes > MOST)
    return {
      refusal: `the files in ${CROWN.apiFiles} are ${bytes} bytes, and ${MOST} can be brought to another master: move what API servers do not need`,
    }
  return { files: new Map(files) }
}
