import { z } from 'zod'
import type { Answer } from './answer.ts'
import type { Gateway } from './gateway.ts'
import { count, id } from './wire.ts'

/** What one member says of itself. */
export interface Status {
  readonly member: string
  readonly version: string
  /** Id of the leader that it knows; undefined while it knows none. */
  readonly leader: string | undefined
  readonly isLearner: boolean
  readonly revision: number
  readonly raftTerm: number
  readonly raftApplied: number
  /** Bytes of its file, and of what is in use of it; what lies between, defragmenting gives back. */
  readonly size: number
  readonly inUse: number
  /** Bytes at which the database takes no more writes; undefined from versions before 3.6, which do not tell. */
  readonly quota: number | undefined
  /** What it finds wrong: no leader, alarms. */
  readonly errors: readonly string[]
}

const Told = z
  .object({
    header: z.object({ member_id: id, revision: count }),
    version: z.string(),
    leader: id.optional(),
    isLearner: z.boolean().default(false),
    raftTerm: count,
    raftAppliedIndex: count,
    dbSize: count,
    dbSizeInUse: count,
    dbSizeQuota: count,
    errors: z.array(z.string()).default([]),
  })
  .transform(
    ({ header, version, leader, ...told }): Status => ({
      member: header.member_id,
      version,
      leader: leader === '0' ? undefined : leader,
      isLearner: told.isLearner,
      revision: header.revision,
      raftTerm: told.raftTerm,
      raftApplied: told.raftAppliedIndex,
      size: told.dbSize,
      inUse: told.dbSizeInUse,
      quota: told.dbSizeQuota > 0 ? told.dbSizeQuota : undefined,
      errors: told.errors,
    }),
  )

/** Above a load of fifty, members under a steady leader were silent for seconds: one that fails is asked thrice. */
const PROBES = 3
/** Ms for each. */
const LIMIT = 3_000

/** Asked at its own client URL, never through anything else on that PC, as many times as it takes up to three. */
export async function statusOf(
  gateway: Gateway,
  endpoint: string,
  limit = LIMIT,
  probes = PROBES,
): Promise<Answer<Status>> {
  for (let probe = 1; ; probe++) {
    const answer = await gateway.ask({ endpoint, path: 'maintenance/status', answer: Told, limit })
    if (answer.is === 'done' || probe === probes) return answer
  }
}
