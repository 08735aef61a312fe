type Stays = Readonly<Record<'not-ready' | 'unreachable', number>>

const tolerationsOf = (stays: Stays) =>
  Object.entries(stays).map(([state, tolerationSeconds]) => ({
    key: `node.kubernetes.io/${state}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds,
  }))

/**
 * Tolerations by which a pod leaves a PC that has died, instead of waiting five minutes more as Kubernetes has it. So many
 * seconds it stays bound to a PC that says it is not ready, which may pass, and to one that says nothing: that one has been
 * silent for 20 s before the room calls it so.
 */
export const LEAVES_DEAD_PC = tolerationsOf({ 'not-ready': 5, unreachable: 0 })

/** The same for one of several equal pods: the others go on, and what people wait for starts first. */
export const LEAVES_DEAD_PC_LATER = tolerationsOf({ 'not-ready': 30, unreachable: 30 })

/**
 * Pods of those labels on different PCs. `ScheduleAnyway` would lose to the masters' PreferNoSchedule, and all copies
 * would be on one worker. A PC that is cordoned or dead does not count, so it also works in a room of one PC.
 */
export const onDifferentPcs = (matchLabels: Readonly<Record<string, string>>) => ({
  maxSkew: 1,
  topologyKey: 'kubernetes.io/hostname',
  whenUnsatisfiable: 'DoNotSchedule',
  nodeTaintsPolicy: 'Honor',
  labelSelector: { matchLabels: { ...matchLabels } },
})

/** Pods of those labels never two on one PC: one that finds no PC of its own waits. */
export const neverOnOnePc = (matchLabels: Readonly<Record<string, string>>) => ({
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { ...matchLabels } } },
    ],
  },
})

/** Each pod of those labels rather where no other one of them is. */
export const ratherOnDifferentPcs = (matchLabels: Readonly<Record<string, string>>) => ({
  podAntiAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 100,
        podAffinityTerm: {
          topologyKey: 'kubernetes.io/hostname',
          labelSelector: { matchLabels: { ...matchLabels } },
        },
      },
    ],
  },
})

/**
 * Tolerations by which a pod comes to a PC whatever is wrong with it, but for one that is silent (`unreachable`): its kubelet
 * would not start the pod. That has two effects, so the one that forbids starting is tolerated by name alone.
 */
export const ANY_BUT_SILENT = [
  { operator: 'Exists', effect: 'NoExecute' },
  { operator: 'Exists', effect: 'PreferNoSchedule' },
  ...[
    'node-role.kubernetes.io/control-plane',
    'node.kubernetes.io/disk-pressure',
    'node.kubernetes.io/memory-pressure',
    'node.kubernetes.io/network-unavailable',
    'node.kubernetes.io/not-ready',
    'node.kubernetes.io/pid-pressure',
    'node.kubernetes.io/unschedulable',
  ].map((key) => ({ key, operator: 'Exists', effect: 'NoSchedule' })),
]
