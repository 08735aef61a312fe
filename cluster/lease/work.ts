import type { KubeConfig } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import type { Clock } from '../../service/clock.ts'
import { reasonOf } from '../answer.ts'
import { type Candidacy, lead } from './lead.ts'
import { leaseStore } from './store.ts'

/** Work that one process of several does, for as long as it holds a Lease. */
export interface LeaderWork {
  readonly cluster: KubeConfig
  readonly namespace: string
  readonly lease: string
  /** Who this is: different for every process that runs. */
  readonly me: string
  readonly clock: Clock
  readonly log: Logger
  /** Ends the candidacy: the work is stopped, the Lease given back. */
  readonly signal: AbortSignal
  /** @default a leader is missed after 15 s */
  readonly timing?: Candidacy['timing']
  /** Told when this process begins and ceases to lead. */
  readonly leading: (leads: boolean) => void
}

/** Stands for election and does the work in every term; see {@link lead}. */
export async function leadBy(
  { cluster, namespace, lease, me, clock, log, signal, timing, leading }: LeaderWork,
  work: (tenure: AbortSignal) => Promise<void>,
): Promise<void> {
  const candidacy = {
    store: leaseStore(cluster, namespace, lease),
    me,
    clock,
    signal,
    ...(timing ? { timing } : {}),
    onError: (error: unknown) =>
      log.warn({ lease, reason: reasonOf(error) }, 'the Lease could not be read or written'),
  }
  await lead(candidacy, async (tenure) => {
    leading(true)
    await work(tenure).finally(() => leading(false))
  })
}
