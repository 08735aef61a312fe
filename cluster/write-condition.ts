import { type CustomObjectsApi, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import type { Condition } from './conditions.ts'

/** Which object the condition is of, and who owns the condition. */
export interface ConditionOf {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly name: string
  readonly fieldManager: string
}

/** Sets that one condition of a cluster-scoped object by server-side apply; conditions of other owners stay. */
export async function writeCondition(
  api: CustomObjectsApi,
  { group, version, plural, kind, name, fieldManager }: ConditionOf,
  condition: Condition,
): Promise<unknown> {
  const body = {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { name },
    status: { conditions: [condition] },
  }
  return await api.patchClusterCustomObjectStatus(
    { group, version, plural, name, fieldManager, force: true, body },
    setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
  )
}
