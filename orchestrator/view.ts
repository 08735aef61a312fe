import type { Facts, Job, Member, Node } from './facts.ts'
import type { Policy } from './policy.ts'
import type { State } from './state.ts'

/** What every decision looks at: what is so, what is remembered, what is wanted, and the time. */
export interface View {
  readonly facts: Facts
  readonly state: State
  readonly policy: Policy
  readonly now: number
}

export const nodeOf = ({ facts }: View, name: string): Node | undefined =>
  facts.nodes.find((node) => node.name === name)

/** Empty also where the list could not be read: whoever concludes something from that must ask `isRead` first. */
export const membersOf = ({ facts }: View): readonly Member[] =>
  facts.etcd === 'unread' ? [] : facts.etcd.members

export const isRead = ({ facts }: View): boolean => facts.etcd !== 'unread'

export const memberOf = (view: View, pc: string): Member | undefined =>
  membersOf(view).find((member) => member.pc === pc)

export const votersOf = (view: View): readonly Member[] => membersOf(view).filter(({ learner }) => !learner)

/** Counts for the quorum now. */
export const isHealthy = ({ learner, answers, alarms }: Member): boolean =>
  !learner && answers && !alarms.includes('CORRUPT')

/** PCs that have the label of masters or a member of etcd, but for the heir, which becomes one just now. */
export function mastersOf(view: View): readonly string[] {
  const heir = view.state.operation?.heir?.name
  const names = [
    ...view.facts.nodes.filter(({ master }) => master).map(({ name }) => name),
    ...membersOf(view).map(({ pc }) => pc),
  ]
  return [...new Set(names)].filter((name) => name !== heir).sort()
}

export const jobOf = ({ facts }: View, name: string): Job | undefined =>
  facts.jobs.find((job) => job.name === name)
