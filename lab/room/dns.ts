import { LEAVES_DEAD_PC_LATER, onDifferentPcs } from '../../config/dead-pc.ts'
import { MASTER } from '../../config/labels.ts'
import type { Cluster } from '../kubectl/cluster.ts'

/** Lets the cluster's DNS outlive a master. */
export async function mendDns(run: Cluster['run']): Promise<void> {
  const patched = await run(['patch', 'deployment', 'coredns', '-n', 'kube-system', '-p', DNS_PATCH])
  if (patched.code !== 0) throw new Error(`the cluster's DNS: ${patched.stderr.trim()}`)
}

/**
 * What kubeadm makes of the cluster's DNS dies with the first master: both copies stand there, and wait five minutes
 * before they move. Here, as an installation does it: on different PCs, and gone from a dead one after half a minute.
 */
export const DNS_PATCH = JSON.stringify({
  spec: {
    template: {
      spec: {
        tolerations: [
          { key: 'CriticalAddonsOnly', operator: 'Exists' },
          { key: MASTER, effect: 'NoSchedule' },
          ...LEAVES_DEAD_PC_LATER,
        ],
        topologySpreadConstraints: [
          { ...onDifferentPcs({ 'k8s-app': 'kube-dns' }), matchLabelKeys: ['pod-template-hash'] },
        ],
      },
    },
  },
})
