import { createHash, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, lstat, mkdir, open, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HomePlaces } from '../home/places.ts'
import type { Settings } from '../settings.ts'
import { authorityFile, type Elsewhere, type Places } from './plan.ts'
import { standInFor } from './stand-in.ts'

/** Makes the places of a session in the pod's tmpfs. */
export async function makePlaces({ entryUUID }: Settings, places: Places): Promise<void> {
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
}

/**
 * Puts into the pod's tmpfs what the home cannot keep, and says where programs find it. `bare`: nothing of the home's
 * settings is used at all.
 */
export async function settle(
  { home }: Settings,
  places: Places,
  found: HomePlaces,
  bare: boolean,
): Promise<Elsewhere> {
  // Which programs were open is all of the cache that must outlive the pod.
  const sessions = join(places.cache, 'sessions')
  await rm(sessions, { recursive: true, force: true })
  if (bare || found.sessions) await mkdir(sessions, { mode: 0o700 })
  else await symlink(join(home, '.local', 'state', 'deskfleet', 'sessions'), sessions)
  if (bare) {
    const empty = { config: join(places.bare, 'config'), data: join(places.bare, 'data') }
    for (const folder of Object.values(empty)) await mkdir(folder, { recursive: true, mode: 0o700 })
    return empty
  }
  const [config, data] = [join(places.standIns, 'config'), join(places.standIns, 'data')]
  const inner = ['xfce4', 'xfconf', 'xfce-perchannel-xml']
  if (found.config) await standInFor(join(home, '.config'), config, inner)
  if (found.data) await standInFor(join(home, '.local', 'share'), data, [])
  return { ...(found.config ? { config } : {}), ...(found.data ? { data } : {}) }
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

/** A text; '' where there is none. @throws for what is no small file: a pipe or a device is never done reading. */
async function smallText(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (file === undefined) return ''
  try {
    const stat = await file.stat()
    if (!stat.isFile() || stat.size > 100_000) throw new Error(`${path} is no small file`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
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
  const before = await smallText(bookmarks)
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
