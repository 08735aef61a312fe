import type { BatchV1Api } from '@kubernetes/client-node'
import { unless } from '../../cluster/answer.ts'
import { NAMESPACES } from '../../config/names.ts'
import type { Clock } from '../../service/clock.ts'
import { fetchJob } from './fetch-job.ts'
import type { Loan } from './lend.ts'
import type { Carry } from './spread.ts'

const namespace = NAMESPACES.crown

export interface Carrying {
  readonly batch: BatchV1Api
  readonly image: string
  readonly clock: Clock
  /** Ms for all of them. */
  readonly patience: number
}

/** Has each PC fetch its copy. @returns those that have it: a PC that did not come to it has none this time */
export async function carryAll(
  carries: readonly Carry[],
  loan: Pick<Loan, 'url' | 'sha256'>,
  { batch, image, clock, patience }: Carrying,
): Promise<readonly string[]> {
  const jobs = carries.map((carry) => ({ to: carry.to, body: fetchJob(carry, loan, image) }))
  for (const { body } of jobs) await unless(409, () => batch.createNamespacedJob({ namespace, body }))
  const there = new Set<string>()
  const open = new Set(jobs)
  for (const until = clock.now() + patience; open.size > 0 && clock.now() < until; await clock.sleep(500)) {
    for (const job of open) {
      const name = job.body.metadata?.name ?? ''
      const found = await unless(404, () => batch.readNamespacedJob({ name, namespace }))
      const is = (type: string): boolean =>
        found?.status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false
      if (is('Complete')) there.add(job.to)
      if (found === undefined || is('Complete') || is('Failed')) open.delete(job)
    }
  }
  return [...there]
}
