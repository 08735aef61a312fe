import { mkdir } from 'node:fs/promises'
import type { Answer } from '../etcd/answer.ts'
import type { Gateway } from '../etcd/gateway.ts'
import { countByKind, countKeys } from '../etcd/keys.ts'
import { hashKv } from '../etcd/maintenance.ts'
import { statusOf } from '../etcd/status.ts'
import { judge, type Verdict } from './judge.ts'
import { type Programs, restore, startThrowAway, type ThrowAway } from './throw-away.ts'

/** What is known of a snapshot once it was restored and compared. */
export interface Proof {
  readonly revision: number
  readonly keys: number
  /** Keys by kind. */
  readonly kinds: Readonly<Record<string, number>>
  readonly hash: number
  readonly compacted: number
  /** Version of etcd. */
  readonly version: string
  /** Ids of the members that have the same. */
  readonly agreed: readonly string[]
}

export type Proven = { readonly is: 'proven'; readonly proof: Proof } | Exclude<Verdict, { is: 'proven' }>

export interface Question {
  readonly gateway: Gateway
  /** The member that was copied. */
  readonly source: string
  /** Other voters, by client URL: they are compared as well, if they answer. */
  readonly others: readonly string[]
  readonly programs: Programs
  readonly snapshot: string
  /** An empty folder of ours, which the caller removes. */
  readonly folder: string
}

/** Restores the snapshot, starts an etcd on it, and holds that against those that live, at its revision. */
export async function prove(question: Question): Promise<Proven> {
  const { programs, snapshot, folder } = question
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const failed = await restore(programs, snapshot, folder)
  if (failed) return { is: 'refused', why: `etcd does not restore it: ${failed.failed}` }
  const restored = await startThrowAway(programs, folder)
  if ('failed' in restored)
    return { is: 'refused', why: `etcd does not start on what was restored: ${restored.failed}` }
  return await compare(question, restored).finally(restored.end)
}

async function compare({ gateway, source, others }: Question, copy: ThrowAway): Promise<Proven> {
  const status = await statusOf(copy.gateway, copy.endpoint)
  if (status.is !== 'done') return { is: 'refused', why: status.why }
  const { revision, version } = status.value
  const [sum, kinds] = [
    await hashKv(copy.gateway, copy.endpoint, revision),
    await countByKind(copy.gateway, copy.endpoint, { revision }),
  ]
  if (sum.is !== 'done') return { is: 'refused', why: sum.why }
  if (kinds.is !== 'done') return { is: 'refused', why: kinds.why }
  const [living, count, ...rest] = await Promise.all([
    hashKv(gateway, source, revision),
    countKeys(gateway, source, { revision }),
    ...others.map((other) => hashKv(gateway, other, revision)),
  ])
  // Those that live may forget that revision, or fall silent, at any moment: that says nothing of the copy.
  if (living.is !== 'done') return { is: 'again', why: living.why }
  if (count.is !== 'done') return { is: 'again', why: count.why }
  const keys = Object.values(kinds.value).reduce((all, one) => all + one, 0)
  const verdict = judge(
    { sum: sum.value, keys },
    { source: living.value, keys: count.value, others: rest.flatMap(valueIfDone) },
  )
  if (verdict.is !== 'proven') return verdict
  const { hash, compacted } = sum.value
  const proof = { revision, keys, kinds: kinds.value, hash, compacted, version, agreed: verdict.agreed }
  return { is: 'proven', proof }
}

const valueIfDone = <T>(answer: Answer<T>): T[] => (answer.is === 'done' ? [answer.value] : [])
