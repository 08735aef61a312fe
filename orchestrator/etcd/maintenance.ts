import { z } from 'zod'
import { type Answer, done } from './answer.ts'
import type { Gateway } from './gateway.ts'
import { count, id } from './wire.ts'

/** What keeps a database from growing until it takes no more writes. */

export interface Alarm {
  readonly member: string
  readonly kind: 'NOSPACE' | 'CORRUPT'
}

const Alarms = z
  .object({
    alarms: z
      .array(
        z.object({
          memberID: id.default('0'),
          alarm: z.enum(['NONE', 'NOSPACE', 'CORRUPT']).default('NONE'),
        }),
      )
      .default([]),
  })
  .transform(({ alarms }) =>
    alarms.flatMap(({ memberID, alarm }): Alarm[] =>
      alarm === 'NONE' ? [] : [{ member: memberID, kind: alarm }],
    ),
  )

const path = 'maintenance/alarm'

export const readAlarms = (gateway: Gateway, endpoint: string): Promise<Answer<readonly Alarm[]>> =>
  gateway.ask({ endpoint, path, body: { action: 'GET' }, answer: Alarms })

/** @returns once it is not there; also where it was gone already. Read back, since a reply may be lost. */
export async function disarm(
  gateway: Gateway,
  endpoint: string,
  { member, kind }: Alarm,
): Promise<Answer<void>> {
  const said = await gateway.ask({
    endpoint,
    path,
    body: { action: 'DEACTIVATE', memberID: member, alarm: kind },
    answer: Alarms,
  })
  const left = await readAlarms(gateway, endpoint)
  if (left.is !== 'done') return said.is === 'done' ? left : said
  if (left.value.every((one) => one.member !== member || one.kind !== kind)) return done(undefined)
  return said.is === 'done' ? { is: 'lost', why: `${kind} of ${member} is raised again` } : said
}

/** Forgets what was before that revision; nothing is to do where more is forgotten already. */
export async function compact(gateway: Gateway, endpoint: string, revision: number): Promise<Answer<void>> {
  const answer = await gateway.ask({
    endpoint,
    path: 'kv/compaction',
    body: { revision: String(revision), physical: true },
    answer: z.object({}),
    limit: 60_000,
  })
  if (answer.is === 'refused' && /has been compacted/.test(answer.why)) return done(undefined)
  return answer.is === 'done' ? done(undefined) : answer
}

/** That member answers nobody until it has written its file anew. */
export async function defragment(gateway: Gateway, endpoint: string): Promise<Answer<void>> {
  const limit = 10 * 60_000
  const answer = await gateway.ask({
    endpoint,
    path: 'maintenance/defragment',
    answer: z.object({}),
    limit,
  })
  return answer.is === 'done' ? done(undefined) : answer
}

/** A sum over all keys with their history, as one member has it. */
export interface HashKv {
  readonly member: string
  readonly hash: number
  /** The revision that it is of. */
  readonly revision: number
  /** Up to which it has forgotten. Only sums with the same can be compared. */
  readonly compacted: number
}

const Hash = z
  .object({
    header: z.object({ member_id: id }),
    hash: z.int().default(0),
    compact_revision: count,
    hash_revision: count,
  })
  .transform(
    ({ header, hash, compact_revision, hash_revision }): HashKv => ({
      member: header.member_id,
      hash,
      revision: hash_revision,
      compacted: compact_revision,
    }),
  )

/** @param revision @default the newest */
export const hashKv = (gateway: Gateway, endpoint: string, revision = 0): Promise<Answer<HashKv>> =>
  gateway.ask({
    endpoint,
    path: 'maintenance/hashkv',
    body: { revision: String(revision) },
    answer: Hash,
    limit: 60_000,
  })
