import type { Alarm } from '../etcd/maintenance.ts'
import type { Member } from '../etcd/members.ts'
import type { Status } from '../etcd/status.ts'

/** What is read of etcd before it is tidied, and again before each step of that. */
export interface Facts {
  readonly members: readonly MemberFacts[]
  readonly alarms: readonly Alarm[]
}

export interface MemberFacts {
  readonly member: Member
  /** Undefined while it does not answer. */
  readonly status: Status | undefined
}
