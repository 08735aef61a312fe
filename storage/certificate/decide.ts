import { LONGEST_COMMON_NAME } from '../../config/certificate-names.ts'
import { AUTHORITY, GLUSTER, NAMESPACES } from '../../config/names.ts'
import type { Facts, Laid, Memory, Next, Step, Verdict } from './facts.ts'

/** Ms that a refused request stands before another one is made: long enough to be read, and to be no burden. */
export const PATIENCE = 5 * 60_000

/** Ms from when one was laid until another one may be asked for: whatever spoils it may well spoil the next one. */
const SPOILT_AGAIN = 10_000
/** The same where half of its life is over: then this PC's clock is ahead, and the next one would seem as old. */
const OLD_AGAIN = 24 * 60 * 60_000

/**
 * The next step to a certificate by which this PC is known in the pool. The rule: what lies there stays until what
 * follows it is whole, and no silence of the cluster takes anything away.
 */
export function decide(facts: Facts, memory: Memory): Verdict {
  const { node, laid, next, authorities, wall, now } = facts
  const usable = isUsable(laid, wall)
  const age = memory.laidAt === undefined ? Number.POSITIVE_INFINITY : now - memory.laidAt
  const verdict: Answerer = (step, waitsFor, kept = memory) => ({ step, usable, waitsFor, memory: kept })
  if (laid.state === 'whole') {
    // It was laid, and whoever laid it ended before the rest.
    if (next?.isLaid) return verdict('drop-key')
    if (laid.ofRoom && laid.authoritiesOfRoom === false) return verdict('lay-authorities')
    // What waits there waits for nothing: a clock was wrong when it was made.
    if (usable && (wall < halfOf(laid) || age < OLD_AGAIN)) return verdict(next ? 'drop-key' : undefined)
  }
  if (node.length > LONGEST_COMMON_NAME)
    return verdict(
      undefined,
      `the name ${node} is longer than the ${LONGEST_COMMON_NAME} characters of a certificate: give the PC a shorter one`,
    )
  if (authorities.are === 'unread') return verdict(undefined, authorities.why)
  if (authorities.are === 'absent')
    return verdict(
      undefined,
      `the ConfigMap ${NAMESPACES.storage}/${GLUSTER.authority} is not there: ${AUTHORITY.keeper} makes it; see its log`,
    )
  if (next) return asking(next, now, memory, verdict)
  const why = `${whyAnother(laid, wall)}; another one is asked for`
  return age < SPOILT_AGAIN ? verdict(undefined, `${why} in a moment`) : verdict('make-key', why)
}

type Answerer = (step: Step | undefined, waitsFor?: string, kept?: Memory) => Verdict

function asking({ request, answer }: Next, now: number, memory: Memory, verdict: Answerer): Verdict {
  switch (answer.is) {
    case 'unread':
      return verdict(undefined, answer.why)
    case 'absent':
      return verdict('ask')
    case 'awaited':
      return verdict(undefined, `${AUTHORITY.keeper} has not answered the request ${request}`)
    case 'given':
      return verdict('lay', undefined, { ...memory, laidAt: now })
    case 'refused': {
      const refused = memory.refused?.request === request ? memory.refused : { request, since: now }
      if (now - refused.since >= PATIENCE) return verdict('drop-key')
      return verdict(undefined, `the request ${request} brought nothing: ${answer.why}`, {
        ...memory,
        refused,
      })
    }
  }
}

/** Why what lies there does not do. */
function whyAnother(laid: Laid, wall: number): string {
  if (laid.state === 'absent') return 'there is none'
  if (laid.state === 'unusable') return `what is there cannot be used: ${laid.fault}`
  if (laid.ofRoom === false) return 'it is signed by another authority'
  if (laid.revoked) return 'it counts no more since this PC left the room'
  if (wall >= laid.notAfter) return 'it has ended'
  return laid.trusted ? 'half of its life is over' : 'what lies beside it vouches for another one'
}

/** One that is not good yet is: the clock of this PC is behind, and no other certificate would mend that. */
const isUsable = (laid: Laid, wall: number): boolean =>
  laid.state === 'whole' &&
  wall < laid.notAfter &&
  laid.trusted &&
  (laid.ofRoom ?? true) &&
  laid.revoked !== true

const halfOf = ({ notBefore, notAfter }: Extract<Laid, { state: 'whole' }>): number =>
  (notBefore + notAfter) / 2
