import type { BrickFault, Finding, Pc } from './facts.ts'
import { finding } from './finding.ts'
import { isDue, lostSince } from './replace.ts'
import { brickOf, IN_CLUSTER, isMember, type Member, type View } from './view.ts'

/** What is to be said of a brick that is away. */
export function missing(one: Member, view: View): Finding[] {
  const since = lostSince(one, view)
  if (since === undefined || !one.missing) return []
  const [spare] = view.spares
  const at = new Date(since + view.policy.replaceAfter).toISOString()
  const what =
    one.node === undefined
      ? 'its PC was taken out of the cluster, and its brick with it'
      : `its brick is missing since ${new Date(since).toISOString()}`
  const mend = isDue(one, view)
    ? spare
      ? 'a spare takes its place'
      : 'no spare is left: bring it back, or give another PC a brick'
    : `bring it back; else a spare takes its place at ${at}`
  return [finding('degraded', 'BrickMissing', one.pc, what, mend)]
}

const FAULTS: Readonly<Record<BrickFault, readonly [string, string]>> = {
  'not-mounted': [
    'nothing is mounted where its brick belongs',
    'mount the disk; the brick is not used until then',
  ],
  'not-xfs': ['its brick is not on XFS', 'make an XFS file system for it'],
  'wrong-id': [
    'its brick is not the one that belongs to this PC',
    'put the right disk in, or empty this one',
  ],
  failing: ['its disk answers with errors', 'replace the disk'],
}

export function ofPc(pc: Pc, view: View): Finding[] {
  const found: Finding[] = []
  const fault = brickOf(pc)?.fault
  if (fault !== undefined) found.push(finding('trouble', 'BrickUnfit', pc.name, ...FAULTS[fault]))
  const holds = brickOf(pc)?.holds ?? 'nothing'
  if (holds !== 'nothing' && holds !== view.volume?.id && view.memory.mayEmpty[pc.name] === undefined)
    found.push(
      finding(
        'trouble',
        'BrickInUse',
        pc.name,
        'its brick holds something that is not of this volume',
        'look what it is; nothing is put on it until it is empty',
      ),
    )
  if (pc.ready && view.memory.fenced.some((one) => one.pc === pc.name))
    found.push(
      finding(
        'degraded',
        'Fenced',
        pc.name,
        'it was replaced while it was away, and is back with an old list of bricks: it is shut out',
        'it is wiped by itself once everything it has was seen to be elsewhere; its desktops start on other PCs',
      ),
    )
  if (pc.retiring && isMember(view, pc.name))
    found.push(
      view.spares.length > 0
        ? finding('working', 'Retiring', pc.name, 'what it has is being brought to another PC', 'leave it on')
        : finding(
            'degraded',
            'Retiring',
            pc.name,
            'it is to leave, and no spare is there to take what it has',
            'leave it on, and give another PC a brick',
          ),
    )
  return found
}

export const ofPool = ({ peers }: View): Finding[] =>
  peers
    .filter(({ state }) => state !== IN_CLUSTER)
    .map(({ name, state }) =>
      finding(
        'degraded',
        'PeerNotWell',
        name,
        `Gluster says of it: ${state}`,
        'npx deskfleet storage retire takes it out, and it comes back clean',
      ),
    )
