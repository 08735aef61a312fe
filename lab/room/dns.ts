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
          ...['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].map((key) => ({
            key,
            operator: 'Exists',
            effect: 'NoExecute',
            tolerationSeconds: 5,
          })),
        ],
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'kubernetes.io/hostname',
            whenUnsatisfiable: 'DoNotSchedule',
            nodeTaintsPolicy: 'Honor',
            labelSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
            matchLabelKeys: ['pod-template-hash'],
          },
        ],
      },
    },
  },
})
