import { awaited } from './birth.ts'
import { brake } from './brake.ts'
import type { Change, Finding, Intent } from './facts.ts'
import { finding, worstFirst } from './finding.ts'
import { missing, ofPc, ofPool } from './pc-findings.ts'
import { copiesWith, quorumOf, shapeAtBirth } from './shape.ts'
import { isSound, type Member, membersOf, type View } from './view.ts'

/** What is so and should not be: what, where, and the mend. */
export function findingsOf(view: View): Finding[] {
  const all = [
    ...wholeVolume(view),
    ...copies(view),
    ...view.sets.flatMap((set, at) => ofSet(set, at, view)),
    ...membersOf(view).flatMap((one) => missing(one, view)),
    ...view.pcs.flatMap((pc) => ofPc(pc, view)),
    ...ofPool(view),
  ]
  return worstFirst(all)
}

export const UNREAD: Finding = finding(
  'trouble',
  'Unread',
  'the pool',
  'the PCs, the pool or the volume could not be read',
  'nothing is changed until they can; look at the log of the storage agent',
)

function wholeVolume(view: View): Finding[] {
  const { policy, volume } = view
  const found: Finding[] = []
  if (volume === undefined) found.push(...noVolume(view))
  const away = brake(view)
  if (away !== undefined)
    found.push(
      finding(
        'trouble',
        'Network',
        policy.volume,
        away,
        'that is more likely the network than the PCs, so nothing is replaced: look at switch and cables; a PC that is gone for good is taken out with kubectl delete node',
      ),
    )
  if (!view.complete && volume !== undefined)
    found.push(
      finding(
        'degraded',
        'Unread',
        policy.volume,
        'the state of some bricks could not be read',
        'nothing is replaced or removed until it can',
      ),
    )
  if (view.tasks.length > 0)
    found.push(
      finding(
        'degraded',
        'ForeignTask',
        policy.volume,
        `Gluster is busy with ${view.tasks.map(({ kind }) => kind).join(', ')}, which nobody here began`,
        'end it with gluster volume status; the shape of the volume stays as it is until then',
      ),
    )
  if (view.rebalance && view.rebalance.failures > 0)
    found.push(
      finding(
        'degraded',
        'RebalanceFailures',
        policy.volume,
        `${view.rebalance.failures} files could not be moved to another set`,
        'they are all there; look at the log of the rebalance',
      ),
    )
  return found
}

function noVolume(view: View): Finding[] {
  const { policy, spares } = view
  const least = policy.minCopies ?? 1
  const late = awaited(view)
  if (late.length > 0)
    return [
      finding(
        'working',
        'WaitingForAgents',
        policy.volume,
        `${late.join(', ')} said nothing of a brick yet`,
        'the volume is made in two minutes without them',
      ),
    ]
  if (shapeAtBirth(spares.length, policy.copies, least) !== undefined) return []
  return [
    finding(
      'trouble',
      'WaitingForBricks',
      policy.volume,
      `${spares.length} PCs have a brick that can be used, and ${least} copies must be possible`,
      'give more PCs a brick, or lower storage.minReplicas',
    ),
  ]
}

function copies({ volume, policy, sets, spares }: View): Finding[] {
  if (volume === undefined) return []
  const have = volume.width - volume.arbiters
  const found: Finding[] = []
  if (have === 1)
    found.push(
      finding(
        'trouble',
        'OneCopy',
        volume.name,
        'each file is on one PC alone: when its disk fails, the file is lost',
        'give another PC a brick',
      ),
    )
  if (have === 2 && volume.arbiters === 0)
    found.push(
      finding(
        'short',
        'TwoWithoutArbiter',
        volume.name,
        'of two copies, the one whose PC reaches the control plane goes on when they lose each other; the other stops',
        'give a third PC a brick, even a small one',
      ),
    )
  if (have < policy.copies && have > 1) {
    const needed = sets.length * (nextWidth(have, policy.copies) - have) - spares.length
    found.push(
      finding(
        needed > 0 ? 'short' : 'working',
        'FewerCopies',
        volume.name,
        `there are ${have} copies of each file, and ${policy.copies} are wanted`,
        needed > 0 ? `give ${needed} more PCs a brick, or lower storage.replicas` : 'more are being made',
      ),
    )
  }
  if (spares.length === 0 && sets.length > 0 && policy.spares > 0)
    found.push(
      finding('short', 'NoSpare', volume.name, 'no brick is left for repairs', 'give another PC a brick'),
    )
  return found
}

const nextWidth = (have: number, wanted: number): number => {
  for (let bricks = have + 1; bricks < wanted; bricks++)
    if (copiesWith(bricks, wanted) > have) return copiesWith(bricks, wanted)
  return wanted
}

function ofSet(set: readonly Member[], at: number, view: View): Finding[] {
  const where = `set ${at + 1} (${set.map(({ pc }) => pc).join(', ')})`
  const width = view.volume?.width ?? 1
  const found: Finding[] = []
  const live = set.filter((one) => one.live).length
  if (view.complete && view.volume?.status === 'started') {
    if (set.every((one) => one.missing))
      found.push(
        finding(
          'trouble',
          'SetLost',
          where,
          'all bricks of this set are gone; the files on it cannot be opened',
          `bring one of these PCs back, with its disk; the names of the files: npx deskfleet storage lost ${at + 1}`,
        ),
      )
    else if (live < quorumOf(width) || !set.some(isSound))
      found.push(
        finding(
          'trouble',
          'NoQuorum',
          where,
          `${live} of ${set.length} bricks are there, and ${quorumOf(width)} with everything must be: homes on it stand still`,
          'bring one of the missing PCs back',
        ),
      )
  }
  const splitBrain = Math.max(0, ...set.map((one) => one.splitBrain))
  if (splitBrain > 0)
    found.push(
      finding(
        'trouble',
        'SplitBrain',
        where,
        `of ${splitBrain} files nobody can say which copy is right`,
        'choose one for each: gluster volume heal, split-brain',
      ),
    )
  const behind = set.filter((one) => one.live && !one.whole)
  const pending = Math.max(0, ...set.map((one) => one.pending))
  if (behind.length > 0 || pending > 0)
    found.push(
      finding(
        'working',
        'Healing',
        where,
        `${pending} entries are being brought up to date${behind.length > 0 ? ` on ${behind.map(({ pc }) => pc).join(', ')}` : ''}`,
        'nothing to do',
      ),
    )
  return found
}

/** Where a change is asked. */
const placeOfChange = (change: Change, view: View): string => {
  if ('pc' in change) return change.pc
  if (change.change === 'replace') return change.from.pc
  return change.change === 'reset' ? change.brick.pc : view.policy.volume
}

export const waits = (
  change: Change,
  { name, why }: { readonly name: string; readonly why: string },
  view: View,
): Finding =>
  finding(
    'working',
    'Waits',
    placeOfChange(change, view),
    `${change.change} waits: ${why}`,
    `nothing to do: it goes on by itself when that is over (guard ${name})`,
  )

export const unfinished = ({ change, since }: Intent, view: View): Finding =>
  finding(
    'working',
    'Unfinished',
    placeOfChange(change, view),
    `${change.change} was begun at ${new Date(since).toISOString()} and is not seen done yet`,
    'nothing to do: it is looked at again and again, and nothing else is begun before',
  )
