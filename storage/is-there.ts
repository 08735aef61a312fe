import { lstat } from 'node:fs/promises'
import { isFileError } from './file-error.ts'

/**
 * Whether something stands there, be it a link that leads nowhere. Asked by its name: a volume lists nothing of what
 * lies on disks that cannot be reached.
 *
 * @throws when that cannot be told: storage that does not answer has not lost anything
 */
export const isThere = async (path: string): Promise<boolean> =>
  await lstat(path).then(
    () => true,
    (error) => {
      if (isFileError(error, 'ENOENT')) return false
      throw error
    },
  )
