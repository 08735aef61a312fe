import type { Answer } from '../etcd/answer.ts'
import type { Member } from '../etcd/members.ts'
import type { Status } from '../etcd/status.ts'

/** From which member a snapshot is taken. Pure. */

export interface Candidate {
  readonly member: Member
  readonly status: Answer<Status>
}

export type Source =
  | { readonly member: Member; readonly endpoint: string; readonly isLeader: boolean }
  | { readonly refusal: string }

/**
 * A voter that is well and does not lead, so that the one that everybody waits for does not read its whole disk; of
 * several the one that has applied most. A leader that is alone is better than no copy.
 */
export function chooseSource(candidates: readonly Candidate[]): Source {
  const fit = candidates.flatMap(({ member, status }) => {
    const [endpoint] = member.clientUrls
    if (member.isLearner || endpoint === undefined || status.is !== 'done') return []
    const { leader, errors, raftApplied } = status.value
    // One that is full can be copied; one that is damaged, or follows nobody, cannot.
    if (leader === undefined || errors.some((error) => /corrupt/i.test(error))) return []
    return [{ member, endpoint, isLeader: leader === member.id, raftApplied }]
  })
  const [best] = fit.sort((a, b) => Number(a.isLeader) - Number(b.isLeader) || b.raftApplied - a.raftApplied)
  if (best) return { member: best.member, endpoint: best.endpoint, isLeader: best.isLeader }
  const told = candidates.map(
    ({ member, status }) => `${member.name || member.id} ${stateOf(member, status)}`,
  )
  return { refusal: `no member of etcd can be copied: ${told.join('; ') || 'none is known'}` }
}

function stateOf({ isLearner }: Member, status: Answer<Status>): string {
  if (isLearner) return 'is a learner'
  if (status.is !== 'done') return 'does not answer'
  return status.value.leader === undefined ? 'follows no leader' : status.value.errors.join(', ')
}
