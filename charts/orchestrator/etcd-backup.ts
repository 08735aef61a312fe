import type { Construct } from 'constructs'
import { imageReference } from '../../config/images.ts'
import { MASTER } from '../../config/labels.ts'
import { CROWN, ETCD_COPIES, NAMESPACES } from '../../config/names.ts'
import type { Cluster } from '../../config/schema.ts'
import { COPIES } from '../../orchestrator/backup/fetch-job.ts'
import { nodeCommand } from '../kit/pods.ts'
import { program } from '../kit/program.ts'
import { PRIORITIES } from '../priorities.ts'
import { ETCD } from './tick.ts'

const namespace = NAMESPACES.crown

/** Where the container has what. Short, since etcd's unix sockets lie below the last. */
const AT = { kubernetes: '/etc/kubernetes', copies: '/copies', scratch: '/scratch' } as const

/**
 * Copies etcd each half hour, on some master. One that hangs on a master that dies does not stop the next: two at once harm
 * nothing, since each copy has its own name.
 */
export function etcdBackup(scope: Construct, cluster: Cluster): void {
  program(scope, {
    name: CROWN.backup,
    namespace,
    workload: {
      kind: 'CronJob',
      // Not at the full hour, when so much else begins.
      schedule: '7,37 * * * *',
      overlap: 'Allow',
      deadline: 600,
      patience: 900,
    },
    node: { network: true, names: 'pc', labels: { [MASTER]: '' }, chooses: true },
    priorityClass: PRIORITIES.platform.name,
    rights: {
      cluster: [{ group: '', resources: ['nodes'], verbs: ['list'] }],
      namespaces: {
        [namespace]: [
          { group: '', resources: ['configmaps'], verbs: ['create'] },
          { group: '', resources: ['configmaps'], verbs: ['get', 'update'], names: [ETCD_COPIES.configMap] },
          // Of what shape, backup-jobs.ts says.
          { group: 'batch', resources: ['jobs'], verbs: ['get', 'create'] },
        ],
        'kube-system': [{ group: '', resources: ['configmaps'], verbs: ['get'], names: ['kubeadm-config'] }],
      },
    },
    egress: [ETCD],
    containers: [
      {
        image: imageReference('etcd-backup', cluster),
        command: nodeCommand('orchestrator/backup/main.js'),
        env: {
          DESKFLEET_ETCD_ENDPOINTS: 'https://127.0.0.1:2379',
          DESKFLEET_KUBERNETES: AT.kubernetes,
          DESKFLEET_COPIES: AT.copies,
          DESKFLEET_SCRATCH: AT.scratch,
          DESKFLEET_ETCD: '/usr/local/bin/etcd',
          DESKFLEET_ETCDUTL: '/usr/local/bin/etcdutl',
          DESKFLEET_COPIES_RECIPIENTS: cluster.masters.copies.recipients.join(' '),
          // The PCs that fetch a copy have this one already.
          DESKFLEET_IMAGE: imageReference('deskfleet', cluster),
        },
        fieldEnv: { NODE_NAME: 'spec.nodeName', HOST_IP: 'status.hostIP' },
        // An etcd is started on the copy: it keeps an index of all keys, and maps the database, at most 2 GiB by default.
        resources: { cpu: '100m', memory: '256Mi', memoryLimit: '2Gi' },
        root: [],
        probes: {},
        volumes: [
          // Whole: the file by which Secrets are encrypted is there or not, and a mount of one that is not would make it. The
          // key of the cluster's authority is wanted anyway, and leads to all that lies beside it.
          {
            name: 'kubernetes',
            mountPath: AT.kubernetes,
            hostPath: { path: '/etc/kubernetes', type: 'Directory' },
          },
          {
            name: 'copies',
            mountPath: AT.copies,
            writable: true,
            hostPath: { path: COPIES, type: 'DirectoryOrCreate' },
          },
          // The snapshot, what was restored of it, and the copy, one after the other.
          { name: 'scratch', mountPath: AT.scratch, writable: true, emptyDir: { sizeLimit: '10Gi' } },
        ],
      },
    ],
  })
}
