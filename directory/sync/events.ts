import type { EventNews } from '../../cluster/events.ts'
import { IDENTITIES_CONFIG_MAP, NAMESPACES } from '../../config/names.ts'
import type { DirectoryFinding } from '../findings.ts'

/** The ConfigMap, where `kubectl describe` shows what was refused. */
const REGARDING = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace: NAMESPACES.system,
  name: IDENTITIES_CONFIG_MAP,
} as const

/** Refusals as Events. */
export const eventsOf = (findings: readonly DirectoryFinding[]): EventNews[] =>
  findings.map(({ reason, message }) => ({ regarding: REGARDING, reason, message }))
