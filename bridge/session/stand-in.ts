import { lstat, mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'

/** Names of a folder that are looked at: more are no settings. */
const AT_MOST = 2_000

/**
 * Makes a folder that stands in for one of the home that cannot be written: what is in that one is seen through links, so
 * that programs find their settings and keep what they can; what is new is gone with the pod. `inner` are the folders, one
 * in the other, in which files are replaced. One that is there already is left as it is.
 */
export async function standInFor(real: string, stand: string, inner: readonly string[]): Promise<void> {
  if (await there(stand)) return
  await mkdir(stand, { recursive: true, mode: 0o700 })
  const [first, ...rest] = inner
  const names = await readdir(real).catch(() => [])
  for (const name of names.slice(0, AT_MOST).filter((one) => one !== first))
    await symlink(join(real, name), join(stand, name))
  if (first !== undefined) await standInFor(join(real, first), join(stand, first), rest)
}

const there = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )
