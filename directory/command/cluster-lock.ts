import { setTimeout as sleep } from 'node:timers/promises'
import { CoreV1Api, CustomObjectsApi, type KubeConfig } from '@kubernetes/client-node'
import { unless } from '../../cluster/answer.ts'
import { keptClient } from '../../cluster/client.ts'
import { oneIdentity } from '../../cluster/identities.ts'
import { LIST_GONE, readLockLines, writeLock } from '../../cluster/locked-people.ts'
import type { IdentitySpec } from '../../config/identity.ts'
import { DESKTOPS, ENTRY_UUID, PERSON } from '../../config/labels.ts'
import { type Lock, type LockLines, lockIn } from '../../config/lock.ts'
import { FIELD_MANAGERS, slugOf } from '../../config/names.ts'

/** Locks in the cluster itself, by whoever calls the command: they need no LDAP, and no program of ours. */

/** Ms in which a pod may still have been let in by who had not heard of the lock. */
const HEARD_AFTER = 3_000
const LOOK_EVERY = 500
/** Ms. An API server that takes longer to take a deletion has a trouble of its own. */
const LONGEST = 30_000

/** Whom the cluster knows by that login; undefined for nobody. */
export async function knownToCluster(cluster: KubeConfig, login: string): Promise<IdentitySpec | undefined> {
  const identity = await oneIdentity(keptClient(cluster, CustomObjectsApi), slugOf(login), () => {})
  // Two logins never share a slug, but an Identity of another login would be somebody else's.
  return identity?.spec.login === login ? identity.spec : undefined
}

/** @throws Error where the list is gone, or the API server refuses. */
export async function lockInCluster(cluster: KubeConfig, login: string, lock: Lock): Promise<void> {
  await writeLock(keptClient(cluster, CoreV1Api), slugOf(login), lock, FIELD_MANAGERS.command)
}

/** @returns whether there was a lock, also one of an earlier person of that login. */
export async function unlockInCluster(cluster: KubeConfig, login: string): Promise<boolean> {
  const core = keptClient(cluster, CoreV1Api)
  const lines = await readLockLines(core)
  if (lines === undefined) throw new Error(LIST_GONE)
  if (!Object.hasOwn(lines, slugOf(login))) return false
  await writeLock(core, slugOf(login), undefined, FIELD_MANAGERS.command)
  return true
}

/** Everybody's; undefined where the list is gone. */
export const locksInCluster = (cluster: KubeConfig): Promise<LockLines | undefined> =>
  readLockLines(keptClient(cluster, CoreV1Api))

/** In words, for administrators. */
export function lockWords(lines: LockLines | undefined, login: string, entryUUID: string): string {
  if (lines === undefined) return 'nobody knows: the list is gone'
  const lock = lockIn(lines, slugOf(login), entryUUID)
  return lock === undefined ? 'no' : `since ${lock.since}${lock.reason && ` (${lock.reason})`}`
}

/**
 * Ends every pod of that person in namespaces of desktops, as `kubectl delete` does: each may put its things away. Looks
 * again for as long as one may come that was let in before the lock was heard of.
 *
 * @returns how many were ended.
 */
export async function endPods(cluster: KubeConfig, login: string, entryUUID: string): Promise<number> {
  const core = keptClient(cluster, CoreV1Api)
  const { items } = await core.listNamespace({ labelSelector: `${DESKTOPS}=true` })
  const namespaces = items.flatMap(({ metadata }) => metadata?.name ?? [])
  const began = performance.now()
  const ended = new Set<string>()
  for (;;) {
    const looked = performance.now()
    const found = await Promise.all(
      namespaces.map((namespace) =>
        core.listNamespacedPod({ namespace, labelSelector: `${PERSON}=${slugOf(login)}` }),
      ),
    )
    const running = found
      .flatMap((list) => list.items)
      .filter(({ metadata }) => {
        const whose = metadata?.annotations?.[ENTRY_UUID]
        return !metadata?.deletionTimestamp && (whose === undefined || whose === entryUUID)
      })
    for (const { metadata } of running) {
      const { name = '', namespace = '', uid = '' } = metadata ?? {}
      await unless(404, () =>
        unless(409, () => core.deleteNamespacedPod({ name, namespace, body: { preconditions: { uid } } })),
      )
      ended.add(uid)
    }
    if (running.length === 0 && looked - began >= HEARD_AFTER) return ended.size
    if (looked - began > LONGEST) throw new Error('new pods of theirs come as fast as they are ended')
    await sleep(LOOK_EVERY)
  }
}
