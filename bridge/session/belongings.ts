import { createHash, randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Settings } from '../settings.ts'
import { authorityFile, type Places } from './plan.ts'

/** Makes the places of a session in the pod's tmpfs. */
export async function makePlaces({ home, entryUUID }: Settings, places: Places): Promise<void> {
  await mkdir(places.runtime, { recursive: true, mode: 0o700 })
  await mkdir(places.cache, { recursive: true, mode: 0o700 })
  for (const folder of ['/tmp/.X11-unix', '/tmp/.ICE-unix']) {
    await mkdir(folder, { recursive: true })
    await chmod(folder, 0o1777)
  }
  // One for each person's desktop, the same on every PC, and telling nothing of the person.
  const machineId = createHash('sha256').update(`machine-id ${entryUUID}`).digest('hex').slice(0, 32)
  await writeFile(places.machineId, `${machineId}\n`)
  await rm(places.authority, { force: true })
  await writeFile(places.authority, authorityFile(randomBytes(16)), { mode: 0o600 })
  // Which programs were open is all of the cache that must outlive the pod.
  const saved = join(home, '.local', 'state', 'deskfleet', 'sessions')
  await mkdir(saved, { recursive: true, mode: 0o700 })
  const link = join(places.cache, 'sessions')
  if (await absent(link)) await symlink(saved, link)
}

const absent = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => false,
    () => true,
  )

/** Lock files of programs that hold one profile, below the home; `*` is any one name. */
const STALE = [
  ...['.mozilla/firefox/*', '.config/mozilla/firefox/*'].flatMap((profile) => [
    `${profile}/lock`,
    `${profile}/.parentlock`,
  ]),
  ...['chromium', 'google-chrome'].flatMap((browser) =>
    ['SingletonLock', 'SingletonSocket', 'SingletonCookie'].map((file) => `.config/${browser}/${file}`),
  ),
  '.config/libreoffice/4/.lock',
  '.config/libreoffice/4/user/.lock',
]

/**
 * Removes the locks that programs of an ended pod left in the home: else they say that they run elsewhere. Only ever
 * called by the pod that has the home, since two browsers on one profile ruin it.
 */
export async function clearStaleLocks(home: string): Promise<string[]> {
  const cleared: string[] = []
  for (const pattern of STALE) {
    for (const path of await matches(home, pattern.split('/'))) {
      if (await absent(path)) continue
      // One that cannot be removed costs a browser, not the desktop.
      await rm(path, { force: true }).then(
        () => cleared.push(path),
        () => {},
      )
    }
  }
  return cleared
}

async function matches(folder: string, [first, ...rest]: readonly string[]): Promise<string[]> {
  if (first === undefined) return [folder]
  const names = first === '*' ? await readdir(folder).catch(() => []) : [first]
  return (await Promise.all(names.map((name) => matches(join(folder, name), rest)))).flat()
}

/**
 * Shows the shared folder in the file manager and on the desktop, once in the life of a home: what a person removes or
 * changes stays as they want it.
 */
export async function showShared(home: string, shared: string): Promise<void> {
  const done = join(home, '.deskfleet', 'shared-shown')
  if ((await absent(shared)) || !(await absent(done))) return
  const config = join(home, '.config', 'gtk-3.0')
  await mkdir(config, { recursive: true, mode: 0o700 })
  const bookmarks = join(config, 'bookmarks')
  const before = await readFile(bookmarks, 'utf8').catch(() => '')
  if (!before.includes(`file://${shared}`)) {
    await writeFile(
      bookmarks,
      `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}file://${shared} Shared\n`,
    )
  }
  const desktop = join(home, 'Desktop')
  await mkdir(desktop, { recursive: true, mode: 0o700 })
  const link = join(desktop, 'Shared')
  if (await absent(link)) await symlink(shared, link)
  await writeFile(done, '')
}
