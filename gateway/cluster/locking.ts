import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import { keptClient } from '../../cluster/client.ts'
import { writeLock } from '../../cluster/locked-people.ts'
import type { Lock } from '../../config/lock.ts'
import { FIELD_MANAGERS } from '../../config/names.ts'

/** The gateway locks people in the cluster; opening an account is an administrator's, by `npx deskfleet people unlock`. */
export interface Locking {
  /** @throws where the cluster does not take it. */
  lock(slug: string, lock: Lock): Promise<void>
}

export function openLocking(cluster: KubeConfig): Locking {
  const core = keptClient(cluster, CoreV1Api)
  return { lock: (slug, lock) => writeLock(core, slug, lock, FIELD_MANAGERS.gateway) }
}
