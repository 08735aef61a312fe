import type { UsageStore, UsageSummary } from '../../cluster/storage-usage.ts'
import type { Clock } from '../../service/clock.ts'
import { turns } from '../../service/turns.ts'
import { isDue, type Last } from './due.ts'
import type { Entry } from './entry.ts'
import { summaryName, writesOf } from './records.ts'
import { newTally, type Usage } from './tally.ts'
import { type Walk, walk } from './walk.ts'

/** What is measured now: a folder with a storage directory in it, of one set. */
export interface Place {
  readonly set: number
  readonly pc: string | undefined
  readonly walk: Omit<Walk, 'clock'>
  /** Names of each file that the walk does not meet. */
  readonly beside: number
}

/** A list that is written on the way. */
export interface Listing {
  /** Undefined where there is nothing to wait for. */
  add(entry: Entry): Promise<void> | undefined
  /** Once all was met. Resolves with what is told of it. */
  keep(at: Date): Promise<UsageSummary['index']>
  /** It came to nothing. */
  drop(): Promise<void>
}

export interface UsageWork {
  readonly clock: Clock
  readonly store: UsageStore
  /** Undefined while this process has nothing to measure. */
  readonly place: () => Promise<Place | undefined>
  /** Begins a list of that set if one is due, given what was told of the last one. */
  readonly list: (set: number, last: UsageSummary['index']) => Promise<Listing | undefined>
  readonly listener: UsageListener
}

export interface UsageListener {
  measured(set: number, usage: Usage, entries: number, milliseconds: number): void
  failed(error: unknown): void
}

/** Ms between two looks whether there is something to measure. */
const LOOK = 30_000

/** Measures until the signal aborts, at once and then every few hours; one that is under way then is given up. */
export async function keepUsage(work: UsageWork, signal: AbortSignal): Promise<void> {
  const { clock, listener } = work
  const last = new Map<number, Last>()
  const now = (): number => clock.wall().getTime()
  await turns(clock, { rest: () => LOOK, failed: listener.failed }, signal, async () => {
    const place = await work.place()
    // What another one measured meanwhile says nothing of when this one may rest.
    for (const set of last.keys()) if (set !== place?.set) last.delete(set)
    if (place === undefined || !isDue(last.get(place.set), now())) return
    const ended = (how: Last['ended']) =>
      last.set(place.set, { at: now(), ended: how, chance: Math.random() })
    try {
      // A list that came to nothing is tried again soon, too.
      ended(await measure(work, place, signal))
    } catch (error) {
      ended('failed')
      if (!signal.aborted) throw error
    }
  })
}

async function measure(
  { clock, store, list, listener }: UsageWork,
  { set, pc, walk: way, beside }: Place,
  signal: AbortSignal,
): Promise<Last['ended']> {
  const began = clock.now()
  const before = new Map((await store.all()).map(({ name, record }) => [name, record]))
  const known = before.get(summaryName(set))
  const index = known?.is === 'set' ? known.index : undefined
  // What homes take up is told all the same where a list comes to nothing.
  let ended: Last['ended'] = 'well'
  let listing = await list(set, index).catch((error: unknown) => {
    ended = 'failed'
    listener.failed(error)
    return undefined
  })
  const drop = async (): Promise<void> => {
    const dropped = listing
    listing = undefined
    await dropped?.drop().catch(listener.failed)
  }
  const listed = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work
    } catch (error) {
      ended = 'failed'
      listener.failed(error)
      await drop()
      return undefined
    }
  }
  const tally = newTally(beside)
  try {
    const { entries, unread } = await walk(
      { ...way, clock },
      (entry) => {
        tally.add(entry)
        const adding = listing?.add(entry)
        return adding && listed(adding)
      },
      signal,
    )
    const made = listing === undefined ? undefined : await listed(listing.keep(clock.wall()))
    // From here on it stays.
    listing = undefined
    const usage = tally.usage()
    const measured = { set, at: clock.wall(), pc, usage, unread, index: made ?? index }
    for (const [name, record] of writesOf(measured, before)) {
      signal.throwIfAborted()
      await store.write(name, record)
    }
    listener.measured(set, usage, entries, clock.now() - began)
    return ended
  } finally {
    await drop()
  }
}
