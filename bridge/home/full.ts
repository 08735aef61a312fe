import { randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../service/clock.ts'
import { turns } from '../../service/turns.ts'

/** Ms between two looks: each writes a small file to the disk and removes it. */
const LOOK = 30_000
const BYTES = 4_096

/** Why nothing new can be saved at home. */
export interface Full {
  readonly what: 'full' | 'quota'
  /** In words for the person. */
  readonly text: string
}

/** By what the file system said. */
const FULL: Readonly<Record<string, Full>> = {
  ENOSPC: {
    what: 'full',
    text: 'The disk of all homes is full. What you save now is lost. Remove what you do not need, and tell your administrator.',
  },
  EDQUOT: {
    what: 'quota',
    text: 'Your share of the disk is used up. What you save now is lost. Remove what you do not need, and empty the trash.',
  },
}

/**
 * Tries whether a file can be saved at home: no figure of the file system knows of every quota.
 *
 * @returns undefined while there is room, and for every other trouble, which the lock sees.
 */
export async function homeIsFull(home: string): Promise<Full | undefined> {
  const path = join(home, `.deskfleet-room-${randomUUID()}`)
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile(Buffer.alloc(BYTES, 1))
      await file.sync()
    } finally {
      await file.close()
    }
    return undefined
  } catch (error) {
    return FULL[(error as NodeJS.ErrnoException).code ?? '']
  } finally {
    await rm(path, { force: true }).catch(() => {})
  }
}

export interface FullListener {
  /** The home has become full (why), or has room again. Tried again at the next look when it rejects. */
  tell(full: Full | undefined): Promise<void>
  failed(error: unknown): void
}

/** Looks until the signal aborts, and tells what has changed. */
export function watchForFull(
  home: string,
  clock: Clock,
  { tell, failed }: FullListener,
  signal: AbortSignal,
): Promise<void> {
  let told: Full['what'] | 'owed' | undefined
  return turns(clock, { rest: () => LOOK, failed }, signal, async () => {
    const full = await homeIsFull(home)
    if (full?.what === told) return
    // What was told in part, as on the page and not on the screen, is told again, or taken back.
    told = 'owed'
    await tell(full)
    told = full?.what
  })
}
