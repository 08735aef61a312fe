import type { UsageRoom, UsageStore } from '../../cluster/storage-usage.ts'
import { isTight, LITTLE } from '../fullness.ts'
import type { Space } from './space.ts'

/** How much room there is, for those who only show it: the administrator's page. */

const NAME = 'room'
/** Part of the whole that must have changed to be worth writing down. */
const NEWS = 0.01

/** What is to be told; undefined where what was told last still says it. Pure. */
export function roomOver(before: UsageRoom | undefined, { whole, free, files, filesFree }: Space) {
  const few = files > 0 && filesFree / files < LITTLE * (before?.tight ? 1.5 : 1)
  const tight = few || isTight(before?.tight ?? false, free, whole)
  const now: UsageRoom = { is: 'room', bytes: whole, free, tight }
  const isSame =
    before !== undefined &&
    before.tight === tight &&
    before.bytes === whole &&
    Math.abs(before.free - free) <= whole * NEWS
  return isSame ? undefined : now
}

/** Tells of each look what is news; a failure is told again at the next one. */
export function newRoomTeller(
  store: Pick<UsageStore, 'write'>,
  failed: (error: unknown) => void,
): (space: Space | undefined) => void {
  let told: UsageRoom | undefined
  let busy = false
  return (space) => {
    const now = space && roomOver(told, space)
    if (now === undefined || busy) return
    busy = true
    store
      .write(NAME, now)
      .then(() => {
        told = now
      })
      .catch(failed)
      .finally(() => {
        busy = false
      })
  }
}
