import type { Construct } from 'constructs'
import { secondsOf } from '../config/duration.ts'
import { isCopied } from '../config/masters.ts'
import { CONTROL_PLANE_GUARD, NAMESPACES } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import type { App } from './app.ts'
import { GUARD_KIND } from './kit/kinds.ts'
import { add } from './kit/objects.ts'
import { KEPT } from './kit/policies/contents.ts'
import { prove } from './kit/proof.ts'
import { backupJobProofs } from './orchestrator/backup-jobs.ts'
import { guardDefinition } from './orchestrator/definitions.ts'
import { etcdBackup } from './orchestrator/etcd-backup.ts'
import { JOIN_SECRETS } from './orchestrator/join-secrets.ts'
import { nodeJobProofs } from './orchestrator/node-jobs.ts'
import { NODES } from './orchestrator/nodes.ts'
import { tick } from './orchestrator/tick.ts'

/**
 * What watches over the masters, and copies etcd. In every room: nothing in `cluster.yaml` says that kubeadm made it, and
 * where no Node is a master its pods wait, and do nothing.
 */
export const orchestrator: App = {
  name: 'orchestrator',
  about: 'Watches over the masters, makes another PC one when one dies, and copies etcd',
  namespace: NAMESPACES.crown,
  after: ['namespaces'],
  chart: (scope, cluster) => {
    const copied = isCopied(cluster.masters)
    for (const proof of [...nodeJobProofs(cluster, copied), JOIN_SECRETS, NODES]) prove(scope, proof)
    guardDefinition(scope)
    guard(scope, cluster)
    tick(scope, cluster)
    if (!copied) return
    for (const proof of backupJobProofs(cluster)) prove(scope, proof)
    etcdBackup(scope, cluster)
  },
}

function guard(scope: Construct, { masters: { mode, count, deadAfter, reboot, backup } }: Cluster): void {
  add(
    scope,
    GUARD_KIND,
    { name: CONTROL_PLANE_GUARD.name, annotations: KEPT },
    { spec: { mode, count, deadAfterSeconds: secondsOf(deadAfter), reboot, backup } },
  )
}
