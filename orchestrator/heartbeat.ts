import type { Node } from './facts.ts'
import type { Policy } from './policy.ts'
import type { Heard, State } from './state.ts'
import type { View } from './view.ts'

/**
 * Each PC's kubelet renews a Lease every few seconds. What counts is when *we* saw its text change: the clocks of desktops
 * are wrong by minutes. Our own absence counts for nobody: who was silent before it has been silent for as long after it.
 */

/** Longer than a kubelet ever takes between two renewals that succeed. */
const STALE = 40_000
const DAY = 24 * 3_600_000
/** What is remembered of a PC's past weighs half when it is this old. */
const FADES_AFTER = 30 * DAY

/**
 * After so long without a look of ours nobody is known to have been silent. It is longer than what passes until the next run
 * when one stood on the master that died.
 */
const outageOf = ({ deadAfter }: Policy): number => Math.min(120_000, deadAfter / 2)

export const wasAway = (before: State, policy: Policy, now: number): boolean =>
  before.at > 0 && now - before.at > outageOf(policy)

/** The heartbeats after this look. */
export function listen(
  nodes: readonly Node[],
  before: State,
  policy: Policy,
  now: number,
): Record<string, Heard> {
  const away = wasAway(before, policy, now)
  const passed = away || before.at === 0 ? 0 : now - before.at
  const absence = away ? now - before.at : 0
  const { operation } = before
  return Object.fromEntries(
    nodes.map((node) => {
      const ours = operation?.phase === 'Reboot' && operation.heir?.name === node.name
      const last = before.heard[node.name]
      return [
        node.name,
        last?.uid === node.uid ? hear(node, last, { absence, passed, ours, now }) : first(node, now),
      ]
    }),
  )
}

const first = ({ uid, renewTime = '', bootId }: Node, now: number): Heard => ({
  uid,
  text: renewTime,
  since: now,
  steadySince: now,
  bootId,
  bootedSince: 0,
  watched: 0,
  silent: 0,
  reboots: 0,
})

interface Look {
  /** Ms for which we did not look, and nothing counts. */
  readonly absence: number
  /** Ms that were watched since the look before. */
  readonly passed: number
  /** We asked for a reboot. */
  readonly ours: boolean
  readonly now: number
}

function hear(node: Node, last: Heard, { absence, passed, ours, now }: Look): Heard {
  const { renewTime = '', bootId } = node
  const spoke = renewTime !== last.text
  const since = last.since + absence
  const wasSilent = now - since > STALE
  const booted = bootId !== last.bootId
  const fades = last.watched >= FADES_AFTER ? 2 : 1
  return {
    uid: node.uid,
    text: renewTime,
    since: spoke ? now : since,
    steadySince: spoke && wasSilent ? now : last.steadySince,
    bootId,
    bootedSince: booted ? now : last.bootedSince,
    watched: last.watched / fades + passed,
    silent: last.silent / fades + (wasSilent && !spoke ? passed : 0),
    reboots: last.reboots / fades + (booted && !ours ? 1 : 0),
  }
}

export const isFresh = ({ state, now }: View, name: string): boolean => {
  const heard = state.heard[name]
  return heard !== undefined && now - heard.since <= STALE
}

/** For so long the PC was heard without a break; 0 where it is silent. */
export const steadyFor = (view: View, name: string): number => {
  const heard = view.state.heard[name]
  return heard !== undefined && isFresh(view, name) ? view.now - heard.steadySince : 0
}

/** Of the time that the PC was watched, the part in which it was there; of one that is new, all. */
export const presence = ({ watched, silent }: Heard): number => (watched < DAY ? 1 : 1 - silent / watched)
