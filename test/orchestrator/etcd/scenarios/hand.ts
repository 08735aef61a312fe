import type { Gateway } from '../../../../orchestrator/etcd/gateway.ts'
import { type Member, type MemberList, readMembers } from '../../../../orchestrator/etcd/members.ts'
import { type Status, statusOf } from '../../../../orchestrator/etcd/status.ts'

/** What somebody sees who replaces dead masters, and what they would do. The least that is careful enough. */

export interface Seen {
  readonly list: MemberList
  readonly statuses: ReadonlyMap<string, Status>
}

export type Deed =
  | { readonly do: 'remove'; readonly member: Member }
  | { readonly do: 'add' }
  | { readonly do: 'promote'; readonly member: Member }

/** Undefined where nobody has a majority behind them. */
export async function look(gateway: Gateway, endpoints: readonly string[]): Promise<Seen | undefined> {
  const told = await Promise.all(
    endpoints.map(async (endpoint) => ({ endpoint, status: await statusOf(gateway, endpoint, 250) })),
  )
  const led = told.filter(({ status }) => status.is === 'done' && status.value.leader !== undefined)
  const list = await readMembers(
    gateway,
    led.map(({ endpoint }) => endpoint),
    1_000,
  )
  if (list.is !== 'done') return undefined
  const statuses = told.flatMap(({ status }) =>
    status.is === 'done' ? [[status.value.member, status.value] as const] : [],
  )
  return { list: list.value, statuses: new Map(statuses) }
}

/** Whoever answers and follows a leader of the newest term counts; without the one that leaves they must be a majority. */
export function decide({ list, statuses }: Seen, target: number): Deed | undefined {
  const term = Math.max(...[...statuses.values()].map(({ raftTerm }) => raftTerm))
  const isWell = ({ id }: Member): boolean => {
    const status = statuses.get(id)
    return status?.leader !== undefined && status.raftTerm === term
  }
  const voters = list.members.filter(({ isLearner }) => !isLearner)
  const learner = list.members.find(({ isLearner }) => isLearner)
  if (learner) return isWell(learner) ? { do: 'promote', member: learner } : { do: 'remove', member: learner }
  const dead = voters.find(({ id }) => !statuses.has(id))
  const well = voters.filter(isWell).length
  if (dead) return well > (voters.length - 1) / 2 ? { do: 'remove', member: dead } : undefined
  return voters.length < target && well > voters.length / 2 ? { do: 'add' } : undefined
}

export const same = (one: Deed | undefined, other: Deed | undefined): boolean =>
  one?.do === other?.do &&
  (one && 'member' in one ? one.member.id : '') === (other && 'member' in other ? other.member.id : '')
