import { lstat, rmdir, unlink } from 'node:fs/promises'
import { isRefusal, openPlace, type Refusal, refusalOf, within } from './place.ts'

/** Removes a file of the home, a link (and not what it leads to), or an empty folder; for good. */
export async function remove(home: string, path: Uint8Array): Promise<{ readonly removed: true } | Refusal> {
  const place = await openPlace(home, path)
  if (isRefusal(place)) return place
  const { folder, name } = place
  try {
    const at = within(folder, name)
    await ((await lstat(at)).isDirectory() ? rmdir(at) : unlink(at))
    return { removed: true }
  } catch (error) {
    return refusalOf(error)
  } finally {
    await folder.close()
  }
}
