import type { BatchV1Api, V1Job } from '@kubernetes/client-node'
import { unless } from '../../cluster/answer.ts'
import { CROWN, NAMESPACES } from '../../config/names.ts'
import { askedJob } from '../backup/asked-job.ts'

/** Jobs that are made once: one that is there already is the one that was wanted. */

const namespace = NAMESPACES.crown

export async function makeJob(batch: BatchV1Api, body: V1Job): Promise<void> {
  await unless(409, () => batch.createNamespacedJob({ namespace, body }))
}

/** Its pods end with it, so that nothing of it happens later. */
export async function stopJob(batch: BatchV1Api, name: string): Promise<void> {
  await unless(404, () => batch.deleteNamespacedJob({ name, namespace, propagationPolicy: 'Foreground' }))
}

/** A copy now: what is made each half hour, under a name of the operation. @throws where no copies are made */
export async function copyNow(batch: BatchV1Api, name: string, operation: string): Promise<void> {
  const job = askedJob(await batch.readNamespacedCronJob({ name: CROWN.backup, namespace }), name, operation)
  if (job === undefined) throw new Error(`the CronJob ${CROWN.backup} makes no Jobs`)
  await makeJob(batch, job)
}
