import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LOCK_NOTE, type LockNote, readNote } from '../../config/home-lock.ts'
import type { Watch } from './decide.ts'

const ROOT = 0
const MOST = 4_096

/** What the PC saw of the lock when it showed the home; undefined where nobody but root could have written it, and did not. */
export async function noteBeside(home: string, owner = ROOT): Promise<LockNote | undefined> {
  const path = join(dirname(home), LOCK_NOTE)
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  )
  if (file === undefined) return undefined
  try {
    const found = await file.stat()
    if (!found.isFile() || found.uid !== owner || (found.mode & 0o022) !== 0) return undefined
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MOST), 0, MOST, 0)
    return readNote(buffer.toString('utf8', 0, bytesRead))
  } finally {
    await file.close()
  }
}

/**
 * A watch that began with the note, by one's own clock.
 *
 * @param pc now, on the clock that all programs of the PC share
 * @param now now, on one's own
 */
export function watchSince(note: LockNote | undefined, pc: number, now: number): Watch | undefined {
  if (note === undefined || note.at > pc) return undefined
  return { generation: note.generation, text: note.text, since: now - (pc - note.at) }
}
