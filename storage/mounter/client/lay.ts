import { mkdir, open, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { must } from '../../bounded.ts'
import { type Places, VERSION_PATTERN } from './places.ts'
import { SCRIPT } from './script.ts'

/** The client's files on this PC. */
export interface Laid {
  /** Which the image has; undefined when it has none. */
  offered(): Promise<string | undefined>
  list(): Promise<string[]>
  lay(version: string): Promise<void>
  remove(version: string): Promise<void>
}

const MAKING = '.making-'
const REMOVING = '.removing-'
const LIMIT = 120_000

/** Files of a version never change once they are there: they appear by a rename, and go by one. */
export function laidClients({ image, imageVersion, laid }: Places): Laid {
  const sweep = async (): Promise<string[]> => {
    await mkdir(laid, { recursive: true, mode: 0o755 })
    const names = await readdir(laid)
    for (const name of names.filter((one) => one.startsWith(MAKING) || one.startsWith(REMOVING))) {
      await removeTree(join(laid, name))
    }
    return names.filter((name) => VERSION_PATTERN.test(name))
  }
  return {
    async offered() {
      const version = (await readFile(imageVersion, 'utf8').catch(() => '')).trim()
      return VERSION_PATTERN.test(version) ? version : undefined
    },
    list: sweep,
    async lay(version) {
      const made = join(laid, `${MAKING}${version}`)
      await removeTree(made)
      await must('cp', ['--archive', '--no-target-directory', '--', image, made], LIMIT)
      for (const folder of FOLDERS) await mkdir(join(made, folder), { recursive: true })
      await replace(join(made, 'etc/hosts'), '/names/hosts')
      for (const file of ['pem', 'key', 'ca']) {
        await replace(join(made, `etc/ssl/glusterfs.${file}`), `/tls/glusterfs.${file}`)
      }
      await writeFile(join(made, 'etc/nsswitch.conf'), 'hosts: files\n')
      // That it is there makes the client speak TLS to glusterd, too.
      await writeFile(join(made, 'var/lib/glusterd/secure-access'), '')
      await writeFile(join(made, 'start'), SCRIPT, { mode: 0o755 })
      // A PC that loses power right after the rename must not have the name without the files.
      await must('sync', ['--file-system', made], LIMIT)
      await rename(made, join(laid, version))
      const folder = await open(laid)
      await folder.sync().finally(() => folder.close())
    },
    async remove(version) {
      const away = join(laid, `${REMOVING}${version}`)
      await rename(join(laid, version), away)
      await removeTree(away)
    },
  }
}

/** What the script mounts on, and what Gluster looks into. */
const FOLDERS = [
  ...['dev', 'proc', 'run', 'tmp', 'tls', 'names', 'logs', 'volumes'],
  ...['etc/ssl', 'var/lib/glusterd', 'var/log/glusterfs'],
]

async function replace(path: string, target: string): Promise<void> {
  await rm(path, { force: true })
  await symlink(target, path)
}

/** Whatever may be mounted in there by a mistake is not followed. */
const removeTree = async (path: string): Promise<void> =>
  void (await must('rm', ['--recursive', '--force', '--one-file-system', '--', path], LIMIT))
