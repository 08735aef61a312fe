import { STALL } from '../../config/stall.ts'
import type { Clock } from '../../service/clock.ts'
import type { PlaceRecords } from '../places/cluster.ts'
import { otherSide, type Place } from '../places/facts.ts'
import { type Copied, type Copies, copyTo } from './copy.ts'
import type { Disks } from './disk.ts'
import type { Facts, Memory, Step } from './facts.ts'

export interface Effects {
  readonly disks: Disks
  readonly records: PlaceRecords
  readonly clock: Clock
  readonly copies: Copies
  /** Ms that the text of a lock must not change; and that one that changes is waited for. */
  readonly lock?: { readonly still: number; readonly patience: number }
}

/** What a step leaves in this process's memory; undefined where nothing came of it. */
export type Left = Partial<Memory> | undefined

/** Until so many seconds before the whole comparison a change counts as later: pages of memory may reach the disk late. */
const MARGIN = 3_600
/** Ms after which what failed is tried again. */
const AGAIN = 60_000
const FULL_AGAIN = 10 * 60_000
const LOCK = { still: STALL.lockTaken, patience: 90_000 }

/** Does one step for one home. @throws what stood in its way; it is then decided anew. */
export async function act(step: Step, facts: Facts, effects: Effects, signal: AbortSignal): Promise<Left> {
  const { disks, records, clock, copies } = effects
  const { place, memory } = facts
  const { name, side } = place
  const target = otherSide(side)
  const copy = copyTo(disks.at(side, name), disks.at(target, name))
  // Only over the very record that was decided on: whatever changed since is decided anew.
  if (!(await stands(records, place)) || signal.aborted) return undefined
  const failed = (why: string, after = AGAIN): Left => ({
    failed: { why, until: clock.now() + after * 2 ** Math.min(memory.givenUp, 5) },
  })
  const left = (copied: Copied, well: () => Left): Left => {
    if (copied.state === 'done') return well()
    if (copied.state === 'stopped' || copied.state === 'busy') return undefined
    return copied.state === 'full' ? failed(FULL, FULL_AGAIN) : failed(copied.why)
  }
  switch (step) {
    case 'copy':
      await disks.prepare(target, name)
      return left(await copies.all(copy, 'times', signal), () => ({
        copied: clock.now(),
        failed: undefined,
      }))
    case 'compare': {
      await disks.prepare(target, name)
      const compared = await disks.time(side)
      const copied = await copies.all(copy, 'bytes', signal)
      if (copied.state !== 'done') return left(copied, () => undefined)
      const written = await records.swap(place, { side, compared })
      return written && { copied: clock.now(), failed: undefined }
    }
    case 'drop':
      await disks.drop(target, name)
      if (place.compared !== undefined) await records.swap(place, { side })
      return { copied: undefined, equal: false }
    case 'hold': {
      const { uid, gid } = facts.sides[side]
      await records.swap(place, { ...place, held: { side, uid, gid } })
      return { equal: false, heldSince: clock.now(), failed: undefined }
    }
    case 'close':
      await disks.close(side, name)
      return { equal: false }
    case 'last-pass': {
      if (!(await isStill(disks, place, effects, signal)))
        return failed('a desktop that the cluster does not know of still has it')
      const since = (place.compared ?? 0) - MARGIN
      return left(await copies.last(copy, since, signal), () => ({ equal: true }))
    }
    case 'switch': {
      const { held } = place
      if (!held) return undefined
      await records.swap(place, { side: target, held })
      return { equal: false }
    }
    case 'give-up': {
      const { held } = place
      if (!held) return undefined
      await records.swap(place, { ...place, held: { ...held, back: true } })
      return { equal: false }
    }
    case 'place':
      await disks.place(side, name)
      return {}
    case 'put-aside':
      await disks.putAside(target, name)
      return {}
    case 'open':
      if (place.held) await disks.open(side, name, place.held)
      return { equal: false }
    case 'let-go': {
      const kept =
        place.held?.side === side && place.compared !== undefined ? { compared: place.compared } : {}
      const written = await records.swap(place, { side, ...kept })
      const inVain = place.held?.side === side
      return (
        written && {
          equal: false,
          heldSince: undefined,
          copied: undefined,
          givenUp: inVain ? memory.givenUp + 1 : 0,
          // Whoever is at work is not kept from it again at once.
          failed: inVain ? { why: memory.failed?.why ?? GIVEN_UP, until: clock.now() + AGAIN } : undefined,
        }
      )
    }
    case 'forget':
      await records.remove(place)
      return {}
  }
}

export const FULL = 'the storage that it is moved to is full'
const GIVEN_UP = 'it took longer than somebody may be kept from their home; it is tried again'

async function stands(records: PlaceRecords, { name, version }: Place): Promise<boolean> {
  return (await records.one(name))?.version === version
}

/** Whether no desktop has the home any more, whatever the cluster says of its pod. */
async function isStill(
  disks: Disks,
  { name, side }: Place,
  { clock, lock = LOCK }: Effects,
  signal: AbortSignal,
): Promise<boolean> {
  const end = clock.now() + lock.patience
  let text = await disks.beat(side, name)
  let since = clock.now()
  while (text !== undefined && clock.now() - since < lock.still) {
    if (signal.aborted || clock.now() > end) return signal.aborted
    await clock.sleep(Math.min(1_000, lock.still), signal)
    const now = await disks.beat(side, name)
    if (now !== text) [text, since] = [now, clock.now()]
  }
  return true
}
