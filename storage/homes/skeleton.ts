import { constants } from 'node:fs'
import { chmod, copyFile, lchown, lstat, mkdir, open, readdir, readlink, symlink } from 'node:fs/promises'
import { join } from 'node:path'

/** Copies the files that every new home begins with: owned by the person, modes and links kept, none followed. */
export async function copySkeleton(
  from: string,
  to: string,
  owner: { readonly uid: number; readonly gid: number },
): Promise<void> {
  for (const name of await readdir(from)) {
    const source = join(from, name)
    const target = join(to, name)
    const stat = await lstat(source)
    if (stat.isSymbolicLink()) {
      await symlink(await readlink(source), target)
      await lchown(target, owner.uid, owner.gid)
      continue
    }
    // Neither sockets nor devices belong into a home.
    if (!stat.isDirectory() && !stat.isFile()) continue
    if (stat.isDirectory()) {
      await mkdir(target, { mode: 0o700 })
      await copySkeleton(source, target, owner)
    } else {
      await copyFile(source, target, constants.COPYFILE_EXCL)
      const file = await open(target, constants.O_RDONLY | constants.O_NOFOLLOW)
      await file.sync().finally(() => file.close())
    }
    await lchown(target, owner.uid, owner.gid)
    await chmod(target, stat.mode & 0o777)
  }
}
