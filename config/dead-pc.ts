/** Seconds for which a pod stays bound to a PC that is not ready: the room knows in about 20 s that a PC is dead. */
const EVICT_AFTER = 5

/** Tolerations by which a pod leaves a PC that has died, instead of waiting five minutes more as Kubernetes has it. */
export const LEAVES_DEAD_PC = ['not-ready', 'unreachable'].map((state) => ({
  key: `node.kubernetes.io/${state}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: EVICT_AFTER,
}))

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
