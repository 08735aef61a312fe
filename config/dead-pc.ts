/** Seconds for which a pod stays bound to a PC that is not ready: the room knows in about 20 s that a PC is dead. */
const LOYALTY = 5

/** Tolerations by which a pod leaves a PC that has died, instead of waiting five minutes more as Kubernetes has it. */
export const LEAVES_DEAD_PC = ['not-ready', 'unreachable'].map((state) => ({
  key: `node.kubernetes.io/${state}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: LOYALTY,
}))

/**
 * Pods of those labels on different PCs. A wish alone loses to the masters' PreferNoSchedule, and all copies end on one
 * worker. A PC that is cordoned or dead does not count, so a room of one PC is no hindrance.
 */
export const onDifferentPcs = (matchLabels: Readonly<Record<string, string>>) => ({
  maxSkew: 1,
  topologyKey: 'kubernetes.io/hostname',
  whenUnsatisfiable: 'DoNotSchedule',
  nodeTaintsPolicy: 'Honor',
  labelSelector: { matchLabels: { ...matchLabels } },
})
