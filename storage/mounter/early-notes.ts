import { join } from 'node:path'
import type { LockNote } from '../../config/home-lock.ts'
import type { Clock } from '../../service/clock.ts'
import { atOnce, turns } from '../../service/turns.ts'
import { LAYOUT } from '../layout.ts'
import type { MounterCluster, OtherPcs } from './cluster.ts'
import { lookAtLock } from './lock-note.ts'
import { type Heard, hear, silentPcs } from './silence.ts'

/**
 * What locks of homes said before anybody asked for these homes here: of desktops on a PC that has fallen silent, and will be
 * started on another one. Who waits for such a lock waits from then on, and not from when the home is shown.
 */
export interface EarlyNotes {
  /** @param home `homes/<entryUUID>` */
  of(home: string): LockNote | undefined
  /** Of two that say the same the earlier one stays. */
  add(home: string, note: LockNote): void
}

/** Ms of the PC's clock after which a note is of no use: its desktop is elsewhere, or its PC back. */
const KEPT = 600_000

export function earlyNotes(): EarlyNotes {
  const notes = new Map<string, LockNote>()
  return {
    of: (home) => notes.get(home),
    add(home, note) {
      const known = notes.get(home)
      if (known?.text !== note.text || known.generation !== note.generation) notes.set(home, note)
      for (const [other, { at }] of notes) if (note.at - at > KEPT) notes.delete(other)
    },
  }
}

export interface Watching {
  readonly cluster: OtherPcs & Pick<MounterCluster, 'ready'>
  /** Where the storage directory is on this PC now; undefined while it is nowhere. */
  readonly directory: () => string | undefined
  readonly notes: EarlyNotes
  readonly clock: Clock
  readonly failed: (error: unknown) => void
  /** @default by the disk */
  readonly look?: typeof lookAtLock
}

/** Ms between two looks: for a hundred PCs the API server answers twenty lists a second, from its cache. */
const PAUSE = 5_000
const AT_ONCE = 4

/** Notes such locks until the signal aborts. What fails is told, and tried again: without a note somebody waits longer, no more. */
export async function keepEarlyNotes(work: Watching, signal: AbortSignal): Promise<void> {
  const { clock, failed } = work
  let heard: ReadonlyMap<string, Heard> = new Map()
  await turns(clock, { rest: () => PAUSE, failed }, signal, async () => {
    heard = hear(heard, await work.cluster.heartbeats(), clock.now())
    await noteLocksOf(work, silentPcs(heard, clock.now()), signal)
  })
}

async function noteLocksOf(
  { cluster, directory, notes, failed, look = lookAtLock }: Watching,
  pcs: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const slugs = (await Promise.all(pcs.map((pc) => cluster.usedOn(pc)))).flat()
  await atOnce([...new Set(slugs)], AT_ONCE, signal, async (slug) => {
    const ready = await cluster.ready(slug)
    const root = directory()
    if (ready === undefined || root === undefined) return
    const home = `${LAYOUT.homes}/${ready.entryUUID}`
    try {
      const note = await look(join(root, home))
      if (note) notes.add(home, note)
    } catch (error) {
      failed(error)
    }
  })
}
