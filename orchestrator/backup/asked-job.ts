import type { V1CronJob, V1Job } from '@kubernetes/client-node'
import { NAME, OPERATION, PART_OF, STEP } from '../../config/labels.ts'
import { CROWN, NAMESPACES } from '../../config/names.ts'
import { KEPT_SECONDS } from '../jobs/job.ts'

/**
 * The Job of a copy that an operation asks for now: what the CronJob would make in its turn, and nothing else, or the API server
 * refuses it (charts/orchestrator/backup-jobs.ts). Pure.
 *
 * @param cronJob `etcd-backup`, as it was read
 */
export function askedJob({ spec }: V1CronJob, name: string, operation: string): V1Job | undefined {
  const made = spec?.jobTemplate.spec
  if (made === undefined) return undefined
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: NAMESPACES.crown,
      labels: {
        [NAME]: CROWN.backup,
        [PART_OF]: 'deskfleet',
        [OPERATION]: operation,
        [STEP]: 'backup',
      },
    },
    spec: { ...made, ttlSecondsAfterFinished: KEPT_SECONDS },
  }
}
