import { z } from 'zod'

/**
 * In each home: which pod has it, as one small file that is laid out with the home. From then on it is renamed and
 * written over, never made anew, so that a disk without any room left, or a quota that is used up, ends no desktop.
 */
export const LOCK_FOLDER = '.deskfleet/lock'

/** The generation of a lock that nobody has claimed yet. */
export const UNCLAIMED = 1

/** Bytes of the file, whatever it says: it neither grows nor shrinks. */
export const LOCK_BYTES = 256

/** What the file says; the name of the file says its generation, too, and that one counts. */
export interface LockText {
  /** Uid of the pod; '' for nobody. */
  readonly pod: string
  readonly generation: number
  readonly heartbeat: number
  /** Whether the next pod may have it at once. */
  readonly free: boolean
}

const Stored = z.object({ pod: z.string(), generation: z.int(), heartbeat: z.int(), free: z.boolean() })

export const writtenLock = (said: LockText): string => `${JSON.stringify(said).padEnd(LOCK_BYTES - 1)}\n`

/** What a lock says; undefined for whatever was not written so. */
export function readLock(text: string): LockText | undefined {
  try {
    return Stored.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** A home's lock as it is laid out: free for the first pod that comes. */
export const UNCLAIMED_LOCK: LockText = { pod: '', generation: UNCLAIMED, heartbeat: 0, free: true }

/**
 * Beside the home, in the directory of root in which it is shown: what the lock said when the home was shown on this PC.
 * Who waits for the home need not begin to watch then: a heartbeat never says the same twice, so a text that is still
 * the same has been the same since.
 */
export const LOCK_NOTE = '.lock-seen'

export interface LockNote {
  /** Milliseconds on the clock that all programs of a PC share, after the reading. */
  readonly at: number
  /** The highest generation that there was, by the name of its file. */
  readonly generation: number
  /** As much of its file as a lock has. */
  readonly text: string
}

const StoredNote = z.object({ at: z.number(), generation: z.int().positive(), text: z.string() })

export const writtenNote = (note: LockNote): string => JSON.stringify(note)

/** What a note says; undefined for whatever was not written so. */
export function readNote(text: string): LockNote | undefined {
  try {
    return StoredNote.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}
