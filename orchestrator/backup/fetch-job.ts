import type { V1Job } from '@kubernetes/client-node'
import { NAME } from '../../config/labels.ts'
import { NAMESPACES } from '../../config/names.ts'
import type { Loan } from './lend.ts'
import type { Carry } from './spread.ts'

/** Where each PC has copies. */
export const COPIES = '/var/lib/deskfleet/etcd-copies'

/** The Job by which a PC fetches a copy that another one lends. It has no account, and nothing of the PC but that folder. */
export function fetchJob(
  { copy, to }: Carry,
  { url, sha256 }: Pick<Loan, 'url' | 'sha256'>,
  image: string,
): V1Job {
  return {
    metadata: {
      // One for each copy and PC: made twice, it is refused the second time.
      name: `fetch-${copy.slice('etcd-'.length, 'etcd-20261127t160000z'.length).toLowerCase()}-${to}`.slice(
        0,
        63,
      ),
      namespace: NAMESPACES.crown,
      labels: { [NAME]: 'etcd-fetch' },
    },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: 300,
      ttlSecondsAfterFinished: 600,
      template: {
        metadata: { labels: { [NAME]: 'etcd-fetch' } },
        spec: {
          nodeName: to,
          hostNetwork: true,
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          tolerations: [{ operator: 'Exists' }],
          containers: [
            {
              name: 'fetch',
              image,
              command: ['node', 'orchestrator/backup/fetch/main.js'],
              env: [
                { name: 'DESKFLEET_COPY', value: copy },
                { name: 'DESKFLEET_COPY_URL', value: url },
                { name: 'DESKFLEET_COPY_SHA256', value: sha256 },
                { name: 'DESKFLEET_COPIES', value: '/copies' },
                { name: 'DESKFLEET_SCRATCH', value: '/scratch' },
              ],
              securityContext: {
                // The folder is root's, as everything is that it lies beside.
                runAsUser: 0,
                runAsGroup: 0,
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
                seccompProfile: { type: 'RuntimeDefault' },
              },
              volumeMounts: [
                { name: 'copies', mountPath: '/copies' },
                { name: 'scratch', mountPath: '/scratch' },
              ],
            },
          ],
          volumes: [
            { name: 'copies', hostPath: { path: COPIES, type: 'DirectoryOrCreate' } },
            { name: 'scratch', emptyDir: {} },
          ],
        },
      },
    },
  }
}
