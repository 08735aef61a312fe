import { chownSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { HOME_MARKER } from '../../config/home-marker.ts'
import { type Desk, type Desks, UID } from '../../lab/desktop/desks.ts'
import { colours } from '../../lab/desktop/viewer.ts'
import { eventually } from '../harness/wait.ts'

/** Homes in which others, or the person, left things that need not stop a desktop. */

/** What may lie in the home of these desks, and a desktop that starts beside it. */
export function litterIn({ home, start }: Desks) {
  let count = 0
  const at = (path: string): string => join(home, path)

  /** Folders on the way are the person's. */
  function way(path: string): string {
    const folder = dirname(path)
    if (folder !== '.' && !existsSync(at(folder))) {
      way(folder)
      mkdirSync(at(folder), { mode: 0o700 })
      chownSync(at(folder), UID, UID)
    }
    return at(path)
  }
  const rootsFolder = (path: string, mode = 0o755) => mkdirSync(way(path), { mode })
  const rootsFile = (path: string, text = '') => writeFileSync(way(path), text, { mode: 0o600 })
  const link = (path: string, to: string) => symlinkSync(to, way(path))
  function file(path: string, text: string): void {
    writeFileSync(way(path), text)
    chownSync(at(path), UID, UID)
  }

  async function emptied(): Promise<void> {
    for (const name of readdirSync(home))
      if (name !== HOME_MARKER) rmSync(at(name), { recursive: true, force: true })
  }

  const next = (): Promise<Desk> => start(`littered-${++count}`)

  /** A home with that litter, in which a desktop is told to be ready, and is to be seen. */
  async function seen(litter: () => void): Promise<Desk> {
    await emptied()
    litter()
    const desk = await next()
    await desk.becomes('ready')
    const { code } = await desk.run('pidof', 'xfce4-session')
    if (code !== 0) throw new Error('ready, and xfce4-session does not run')
    const viewer = await desk.view()
    await eventually('the desktop is seen', async () => colours(await viewer.frame()) > 64)
    viewer.close()
    return desk
  }

  return { at, way, rootsFolder, rootsFile, link, file, emptied, next, seen }
}
