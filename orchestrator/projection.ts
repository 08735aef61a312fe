import type { Member } from './facts.ts'
import { isHealthy } from './view.ts'

/** What becomes of etcd's quorum by a change of its members, before it is made. Each answer is a reason not to make it. */

export const quorumOf = (voters: number): number => Math.floor(voters / 2) + 1

/** Without that member the healthy voters must still be a quorum, and nothing else may be on its way. */
export function removing(members: readonly Member[], id: string): string | undefined {
  const leaver = members.find((member) => member.id === id)
  if (leaver === undefined) return undefined
  // Learners do not vote: who takes one away takes nothing from the quorum.
  if (leaver.learner) return undefined
  const others = members.filter((member) => member.id !== id)
  const voters = others.filter(({ learner }) => !learner)
  const healthy = voters.filter(isHealthy).length
  if (voters.length === 0) return 'it is the last member of etcd'
  if (healthy < quorumOf(voters.length))
    return `of the ${voters.length} members that would be left ${healthy} are healthy: no quorum`
  const onItsWay = others.find(({ learner, started }) => learner || !started)
  if (onItsWay !== undefined) return `${onItsWay.pc} is on its way into etcd`
  const alarmed = others.find(({ alarms }) => alarms.length > 0)
  if (alarmed !== undefined) return `etcd on ${alarmed.pc} raised the alarm ${alarmed.alarms.join(', ')}`
  return undefined
}

/** Several, one after the other. */
export function removingAll(members: readonly Member[], ids: readonly string[]): string | undefined {
  let left = members
  for (const id of ids) {
    const why = removing(left, id)
    if (why !== undefined) return why
    left = left.filter((member) => member.id !== id)
  }
  return undefined
}

/**
 * With one more member the healthy ones of now must be a quorum even if the new one fails at once. A single master cannot
 * have that: there the new one begins as a learner, which does not vote before it has everything.
 */
export function adding(members: readonly Member[], pc: string): string | undefined {
  const others = members.filter((member) => member.pc !== pc)
  const onItsWay = others.find(({ learner, started }) => learner || !started)
  if (onItsWay !== undefined) return `${onItsWay.pc} is on its way into etcd`
  const healthy = others.filter(isHealthy).length
  if (others.length > 1 && healthy < quorumOf(others.length + 1))
    return `of ${others.length} members ${healthy} are healthy: with one more they would be no quorum by themselves`
  if (healthy === 0) return 'no member of etcd is healthy'
  return undefined
}
