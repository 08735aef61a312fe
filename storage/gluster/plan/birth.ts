import type { Change } from './facts.ts'
import { isSane } from './intent.ts'
import { optionsLacking } from './options.ts'
import { lostSince } from './replace.ts'
import { shapeAtBirth } from './shape.ts'
import { membersOf, type Spare, spareAt, type View } from './view.ts'

/** So long a new volume waits for PCs that have a brick and whose agent has not said a word yet. */
const WAIT_FOR_AGENTS = 120_000

/** PCs that are there and about to tell of their brick. */
export const awaited = (view: View): string[] =>
  view.pcs
    .filter((pc) => pc.ready && pc.brick === 'unread' && view.now - (pc.since ?? 0) < WAIT_FOR_AGENTS)
    .map(({ name }) => name)

/** The volume is made of the largest bricks; the arbiter, which holds names alone, of the smallest. */
export function births(view: View): Change[] {
  if (view.volume !== undefined || awaited(view).length > 0) return []
  const { policy, spares } = view
  const shape = shapeAtBirth(spares.length, policy.copies, policy.minCopies ?? 1)
  if (shape === undefined) return []
  return [
    {
      change: 'create',
      ...shape,
      bricks: bricksOf(shape.width, shape.arbiters, spares).map(spareAt),
      options: optionsAtBirth(view),
    },
  ]
}

const optionsAtBirth = ({ policy }: View) => ({ ...policy.options, ...policy.birth })

/** The largest, and for an arbiter the smallest at the end. */
function bricksOf(width: number, arbiters: number, spares: readonly Spare[]): Spare[] {
  const largest = spares.slice(0, width - arbiters)
  return arbiters === 0 ? largest : [...largest, ...spares.slice(-arbiters)]
}

/** A volume that does not run is started, and bricks of it that do not run. What was lost for long is replaced instead. */
export function starts(view: View): Change[] {
  const { volume, policy, now } = view
  if (volume === undefined) return []
  if (volume.status !== 'started') {
    const options = optionsLacking(view)
    return Object.keys(options).length > 0
      ? [{ change: 'options', options }]
      : [{ change: 'start', force: false }]
  }
  const down = membersOf(view).filter((one) => one.connected && one.missing)
  const isFresh = down.some((one) => now - (lostSince(one, view) ?? now) < policy.replaceAfter)
  return isFresh ? [{ change: 'start', force: true }] : []
}

export function optionChanges(view: View): Change[] {
  if (view.volume?.status !== 'started') return []
  const options = optionsLacking(view)
  const changes: Change[] = Object.keys(options).length > 0 ? [{ change: 'options', options }] : []
  const { rootTime } = view
  return rootTime === undefined || isSane(rootTime, view.now)
    ? changes
    : [...changes, { change: 'touch-root' }]
}
