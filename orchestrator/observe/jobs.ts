import type { V1Job, V1Pod } from '@kubernetes/client-node'
import { OPERATION, STEP } from '../../config/labels.ts'
import type { Job, Reached } from '../facts.ts'
import { type HostFacts, readHostFacts, readReached, readTold } from '../jobs/told.ts'
import type { Address } from './etcd.ts'

/** What became of node jobs, by their conditions and by what their containers told at the end. Pure. */

/** The line that a job's container told; empty while there is none. */
const toldBy = (job: V1Job, pods: readonly V1Pod[]): string => {
  const own = pods.filter(({ metadata }) =>
    metadata?.ownerReferences?.some(({ uid }) => uid === job.metadata?.uid),
  )
  const ends = own.flatMap(({ status }) => status?.containerStatuses ?? [])
  return ends.flatMap(({ state }) => state?.terminated?.message ?? []).at(-1) ?? ''
}

const is = (job: V1Job, type: string) =>
  job.status?.conditions?.find((one) => one.type === type && one.status === 'True')

function stateOf(job: V1Job): Job['state'] {
  if (is(job, 'Complete')) return 'finished'
  return is(job, 'Failed') ? 'failed' : 'running'
}

export function jobsFrom(jobs: readonly V1Job[], pods: readonly V1Pod[]): readonly Job[] {
  return jobs.flatMap((job) => {
    const { name = '', labels = {} } = job.metadata ?? {}
    const [operation, step] = [labels[OPERATION], labels[STEP]]
    if (operation === undefined || step === undefined) return []
    const line = toldBy(job, pods)
    const told = readTold(line)?.reason ?? is(job, 'Failed')?.message ?? line
    return [
      { name, operation, step, node: job.spec?.template.spec?.nodeName ?? '', state: stateOf(job), told },
    ]
  })
}

/**
 * The attempt of a job that asks after a master: the round, and which of those that leave it asks after. One PC may be asked
 * after two masters in one round.
 */
export const reachAttempt = (round: number, leaving: number): number => 10 * leaving + round

/** Answers of PCs that were asked whether they reach a master. One that told nothing has not answered. */
export function reachedFrom(
  jobs: readonly V1Job[],
  pods: readonly V1Pod[],
  addresses: readonly Address[],
): readonly Reached[] {
  return jobs.flatMap((job) => {
    const { labels = {} } = job.metadata ?? {}
    const operation = labels[OPERATION]
    const spec = job.spec?.template.spec
    const [, , attempt = '', , address] = spec?.containers[0]?.args ?? []
    const master = addresses.find((one) => one.address === address)?.name
    if (labels[STEP] !== 'reach' || operation === undefined || master === undefined) return []
    const reached = readReached(toldBy(job, pods))
    if (reached === undefined) return []
    return [{ operation, round: Number(attempt) % 10, master, from: spec?.nodeName ?? '', reached }]
  })
}

/** What a PC told of itself for an operation; undefined while it told nothing. */
export function hostFactsFrom(
  jobs: readonly V1Job[],
  pods: readonly V1Pod[],
  name: string,
): HostFacts | undefined {
  const job = jobs.find(({ metadata }) => metadata?.name === name)
  return job && readHostFacts(toldBy(job, pods))
}
