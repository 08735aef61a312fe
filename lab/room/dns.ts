import { LEAVES_DEAD_PC, onDifferentPcs } from '../../config/dead-pc.ts'

/**
 * What kubeadm makes of the cluster's DNS dies with the first master: both copies stand there, and wait five minutes
 * before they move. Here, as an installation does it: on different PCs, and gone from a dead one after 5 s.
 */
export const DNS_PATCH = JSON.stringify({
  spec: {
    template: {
      spec: {
        tolerations: [
          { key: 'CriticalAddonsOnly', operator: 'Exists' },
          { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
          ...LEAVES_DEAD_PC,
        ],
        topologySpreadConstraints: [
          { ...onDifferentPcs({ 'k8s-app': 'kube-dns' }), matchLabelKeys: ['pod-template-hash'] },
        ],
      },
    },
  },
})
