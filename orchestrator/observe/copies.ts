import type { BatchV1Api } from '@kubernetes/client-node'
import { unless } from '../../cluster/answer.ts'
import { CROWN, NAMESPACES } from '../../config/names.ts'

/** Whether copies of etcd are made here at all. */
export async function makesCopies(batch: BatchV1Api): Promise<boolean> {
  const found = await unless(404, () =>
    batch.readNamespacedCronJob({ name: CROWN.backup, namespace: NAMESPACES.crown }),
  )
  return found !== undefined && found.spec?.suspend !== true
}
